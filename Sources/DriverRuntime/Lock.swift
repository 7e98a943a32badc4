internal import Glibc

/// A mutual exclusion lock, for the few places where other threads enter a loop.
///
/// Its own, because the thread sanitizer reports races inside `Synchronization.Mutex` that are not
/// there. Not recursive. The mutex lives in a heap cell, because POSIX forbids moving it.
@safe public final class Lock: @unchecked Sendable {
    // The cell is made in `init`, freed in `deinit`, and touched only through pthread calls: that
    // is why the class may call itself Sendable.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    /// Makes an open lock.
    public init() {
        unsafe mutex = .allocate(capacity: 1)
        var attributes = pthread_mutexattr_t()
        unsafe pthread_mutexattr_init(&attributes)
        unsafe pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_ERRORCHECK))
        let code = unsafe pthread_mutex_init(mutex, &attributes)
        unsafe pthread_mutexattr_destroy(&attributes)
        precondition(code == 0, "pthread_mutex_init failed with \(code)")
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Runs `body` while no other thread is inside a `withLock` of this lock. Traps when this
    /// thread is inside one (VF-2), where it would wait for itself for ever.
    @inline(__always)
    public func withLock<Result: ~Copyable, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let code = unsafe pthread_mutex_lock(mutex)
        contract(
            code == 0,
            "VF-2: a thread takes a lock that it already has: leave the outer withLock first")
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body()
    }
}
