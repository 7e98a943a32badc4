internal import DriverRuntime
internal import Glibc
internal import Synchronization

/// The orderly end of a program that is told to go: SIGINT and SIGTERM give every interface back
/// before they end it (L21).
///
/// For programs without an end of their own for these signals; others call
/// ``LibUSBBus/releaseAll()`` from theirs.
public enum TerminationSignals {
    private static let writer = Atomic<Int32>(-1)

    /// Installs the handlers; once is enough, more do nothing. Costs one thread that sleeps until
    /// then.
    ///
    /// The process ends by the signal itself, so that whoever started it sees why.
    /// Threading: any.
    public static func install() {
        var ends = InlineArray<2, Int32>(repeating: -1)
        var span = ends.mutableSpan
        let code = unsafe span.withUnsafeMutableBufferPointer { unsafe pipe($0.baseAddress) }
        contract(code == 0, "no descriptors left for signals")
        let (reader, new) = (ends[0], ends[1])
        let exchange = writer.compareExchange(
            expected: -1, desired: new, ordering: .sequentiallyConsistent)
        guard exchange.exchanged else {
            close(reader)
            close(new)
            return
        }
        for end in [reader, new] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        start(reader)
        // Only a write is allowed in a handler; what must be done is done on the thread.
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                var byte = UInt8(truncatingIfNeeded: number)
                _ = unsafe write(
                    TerminationSignals.writer.load(ordering: .relaxed), &byte, 1)
            }
        }
    }

    private static func start(_ reader: Int32) {
        var thread = pthread_t()
        let argument = unsafe UnsafeMutableRawPointer(bitPattern: UInt(reader))
        let code = unsafe pthread_create(
            &thread, nil, { unsafe TerminationSignals.wait($0) }, argument)
        contract(code == 0, "cannot start a thread for signals: error \(code)")
        pthread_detach(thread)
    }

    private static func wait(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        let reader = Int32(truncatingIfNeeded: UInt(bitPattern: argument))
        var byte: UInt8 = 0
        while unsafe read(reader, &byte, 1) != 1 {}
        LibUSBBus.releaseAll()
        signal(Int32(byte), SIG_DFL)
        kill(getpid(), Int32(byte))
        return nil
    }
}
