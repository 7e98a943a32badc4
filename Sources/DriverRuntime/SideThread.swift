internal import Glibc

/// A thread for calls that block, so that the loop never does: open, close, claim, reset.
///
/// Calls run one after the other, in the order in which they were handed in.
@safe public final class SideThread: @unchecked Sendable {
    private let name: String
    // All guarded by `mutex`; `changed` is signalled whenever they change.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var calls: [@Sendable () -> Void] = []
    private var isRunning = false
    private var isStopping = false
    private var isEnded = false
    private var waitingForEnd: [Resumption<Void>] = []
    private let joining = Lock()
    // Guarded by `joining`.
    private var thread: Thread?

    /// Makes the object; its thread starts with the first call.
    public init(name: String) {
        self.name = name
        unsafe mutex = .allocate(capacity: 1)
        unsafe changed = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(changed, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(changed)
        unsafe pthread_mutex_destroy(mutex)
        unsafe changed.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs `body` on the thread and returns what it returned.
    ///
    /// Threading: any. Cancellation: none, since a blocking call cannot be taken back.
    public func run<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await Resumption.wait { resumption in
            perform { resumption.resume(returning: body()) }
        }
    }

    /// Runs `body` on the thread; returns at once. Any thread.
    public func perform(_ body: @escaping @Sendable () -> Void) {
        unsafe pthread_mutex_lock(mutex)
        contract(!isStopping, "a call was handed to side thread \(name) after its end")
        calls.append(body)
        let isNew = !isRunning
        isRunning = true
        unsafe pthread_cond_signal(changed)
        unsafe pthread_mutex_unlock(mutex)
        if isNew {
            let thread = Thread(named: name) { [self] in work() }
            joining.withLock { self.thread = thread }
        }
    }

    /// Ends the thread after the calls handed in so far. Any thread; returns at once.
    public func stop() {
        unsafe pthread_mutex_lock(mutex)
        isStopping = true
        unsafe pthread_cond_signal(changed)
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Waits until the thread has ended, after ``stop()``: its last call has returned.
    ///
    /// Threading: any but its own. Cancellation: none.
    public func ended() async {
        await Resumption.wait { resumption in
            unsafe pthread_mutex_lock(mutex)
            let mustWait = isRunning && !isEnded
            if mustWait { waitingForEnd.append(resumption) }
            unsafe pthread_mutex_unlock(mutex)
            if !mustWait { resumption.resume() }
        }
        // For its last instructions; inside the lock, for whoever else waits.
        joining.withLock { thread.take()?.join() }
    }

    private func work() {
        while let call = next() { call() }
        unsafe pthread_mutex_lock(mutex)
        isEnded = true
        let waiting = waitingForEnd
        waitingForEnd = []
        unsafe pthread_mutex_unlock(mutex)
        for resumption in waiting { resumption.resume() }
    }

    private func next() -> (@Sendable () -> Void)? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while calls.isEmpty {
            if isStopping { return nil }
            unsafe pthread_cond_wait(changed, mutex)
        }
        return calls.removeFirst()
    }
}
