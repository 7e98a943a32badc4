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
        let code = unsafe pthread_mutex_init(mutex, nil)
        precondition(code == 0, "pthread_mutex_init failed with \(code)")
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Runs `body` while no other thread is inside a `withLock` of this lock.
    @inline(__always)
    public func withLock<Result: ~Copyable, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body()
    }
}
