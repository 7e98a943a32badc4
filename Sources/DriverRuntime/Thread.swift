internal import Glibc
internal import Synchronization

/// A named POSIX thread that runs one closure, until it is joined.
///
/// One that nobody joins lets go of itself at its end.
@safe final class Thread: Sendable {
    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void
        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    private let handle: UInt
    private let isJoined = Atomic<Bool>(false)

    /// Starts `run` on a new thread; its name is cut to the 15 bytes that Linux keeps.
    init(named name: String, _ run: @escaping @Sendable () -> Void) {
        let body = Body(name: String(decoding: name.utf8.prefix(15), as: UTF8.self), run: run)
        // A bit pattern, because the compiler's check of regions cannot follow a pointer into C.
        let argument = unsafe UInt(bitPattern: Unmanaged.passRetained(body).toOpaque())
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil, { unsafe Thread.main($0) }, UnsafeMutableRawPointer(bitPattern: argument))
        contract(code == 0, "cannot start thread \(name): error \(code)")
        handle = UInt(thread)
    }

    deinit {
        if !isJoined.load(ordering: .relaxed) { pthread_detach(pthread_t(handle)) }
    }

    /// Waits until the thread has ended; once, and not from the thread itself.
    func join() {
        let wasJoined = isJoined.exchange(true, ordering: .relaxed)
        precondition(!wasJoined, "a thread is joined once")
        pthread_join(pthread_t(handle), nil)
    }

    private static func main(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let argument = unsafe argument else { return nil }
        let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
        nameCurrent(body.name)
        body.run()
        return nil
    }

    /// Through /proc, because the C library hides its call behind a feature macro.
    private static func nameCurrent(_ name: String) {
        let file = unsafe open("/proc/thread-self/comm", O_WRONLY)
        guard file >= 0 else { return }
        let bytes = Array(name.utf8)
        _ = unsafe write(file, bytes, bytes.count)
        close(file)
    }
}
