import DriverRuntime
import Glibc
import Synchronization

/// Runs `body` on a loop of its own, on the calling thread.
func withLoop<Failure: Error>(_ body: (EventLoop) throws(Failure) -> Void) throws(Failure) {
    let loop = EventLoop(name: "test", waiter: PollWaiter())
    var result: Result<Void, Failure> = .success(())
    loop.run {
        do throws(Failure) { try body(loop) } catch { result = .failure(error) }
        loop.dropDeadlines()
        return true
    }
    try result.get()
}

extension EventLoop {
    /// Makes a loop and starts it.
    static func started(_ name: String = "test") -> EventLoop {
        let loop = EventLoop(name: name, waiter: PollWaiter())
        loop.start()
        return loop
    }

    /// Runs `body` on the loop and returns what it returned.
    func value<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await Resumption.wait { resumption in
            execute { resumption.resume(returning: body()) }
        }
    }
}

/// Opens once for each ``open()``; a thread that blocks on it allocates nothing.
///
/// Sendable because `tickets` is guarded by `mutex`.
@safe final class Gate: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var tickets = 0

    init() {
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(changed, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(changed)
        unsafe pthread_mutex_destroy(mutex)
        unsafe changed.deallocate()
        unsafe mutex.deallocate()
    }

    func open() {
        unsafe pthread_mutex_lock(mutex)
        tickets += 1
        unsafe pthread_cond_signal(changed)
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Waits for the next ``open()``. Not for the loop's thread.
    func pass() {
        unsafe pthread_mutex_lock(mutex)
        while tickets == 0 { unsafe pthread_cond_wait(changed, mutex) }
        tickets -= 1
        unsafe pthread_mutex_unlock(mutex)
    }
}

/// Work that calls a closure.
///
/// Sendable because it never changes.
final class Call: Work, @unchecked Sendable {
    private let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    override func run() { body() }
}

/// A count that any thread may raise.
final class Tally: Sendable {
    private let stored = Atomic<Int>(0)
    var value: Int { stored.load(ordering: .sequentiallyConsistent) }
    func add(_ number: Int = 1) { stored.add(number, ordering: .sequentiallyConsistent) }
}
