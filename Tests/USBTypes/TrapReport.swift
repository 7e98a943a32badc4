import Glibc

/// Prints the input that was being parsed when the process traps, which no test library can.
struct TrapReport {
    private static let capacity = 1 << 16
    private static let signals = [SIGILL, SIGTRAP, SIGSEGV, SIGBUS]

    private let former: [sighandler_t?]

    // The handler of a signal can capture nothing; this is written by one test alone, and read
    // when that test's thread has trapped.
    nonisolated(unsafe) private static var input: UnsafeMutablePointer<UInt8>?
    nonisolated(unsafe) private static var count = 0
    // Other tests run beside this one; a trap of theirs has nothing to do with the input.
    nonisolated(unsafe) private static var thread = pthread_self()

    init() {
        unsafe Self.input = .allocate(capacity: Self.capacity)
        former = Self.signals.map { number in
            signal(number) { number in
                TrapReport.write()
                _ = signal(number, SIG_DFL)
            }
        }
    }

    /// Says which input is parsed from now on.
    func note(_ bytes: [UInt8]) {
        unsafe Self.thread = pthread_self()
        unsafe Self.count = min(bytes.count, Self.capacity)
        for index in unsafe 0..<Self.count { unsafe Self.input?[index] = bytes[index] }
    }

    /// Leaves traps to the runtime again.
    func end() {
        for (number, handler) in zip(Self.signals, former) { _ = signal(number, handler) }
        unsafe Self.input?.deallocate()
        unsafe Self.input = nil
    }

    // Only what a signal handler may call: write(2), nothing that allocates.
    private static func write() {
        guard unsafe pthread_equal(thread, pthread_self()) != 0, let input = unsafe input else {
            return
        }
        put("\nThe input that trapped: ")
        for index in unsafe 0..<count {
            var pair = unsafe (digit(input[index] >> 4), digit(input[index] & 15))
            _ = unsafe Glibc.write(STDERR_FILENO, &pair, 2)
        }
        put("\n")
    }

    private static func put(_ text: StaticString) {
        _ = unsafe Glibc.write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
    }

    private static func digit(_ value: UInt8) -> UInt8 { value + (value < 10 ? 48 : 87) }
}

/// The value of an environment variable.
func environment(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
}
