/// A synchronisation scope: whatever runs in it never overlaps (WDF's device synchronisation scope,
/// S-5).
///
/// One object that is both the serial executor of a device's actors and the task executor that its
/// tasks prefer. That pair is what makes `await`ing a transfer cheap: the continuation is resumed
/// onto the loop that resumed it, with no thread switch and nothing allocated.
///
/// Actors on a scope re-enter at `await`, as all actors do.
public final class Scope: SerialExecutor, TaskExecutor {
    /// The loop on which everything in this scope runs.
    public let loop: EventLoop
    /// What reports call it.
    public let name: String
    /// A number that differs between the scopes of one loop, in the order of their making.
    package let ordinal: UInt64

    /// Makes a scope on `loop`.
    public init(on loop: EventLoop, name: String) {
        self.loop = loop
        self.name = name
        ordinal = loop.nextOrdinal()
    }

    /// Takes a job; called by the Swift runtime. Any thread.
    public func enqueue(_ job: consuming ExecutorJob) {
        loop.enqueue(UnownedJob(job), in: self)
    }

    /// This scope as an actor's executor.
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        unsafe UnownedSerialExecutor(ordinary: self)
    }

    /// This scope as a task's preferred executor.
    public func asUnownedTaskExecutor() -> UnownedTaskExecutor {
        unsafe UnownedTaskExecutor(ordinary: self)
    }

    /// Whether the caller runs in this scope.
    public var isCurrent: Bool { loop.isOnLoop && loop.currentScope === self }

    /// Whether the caller runs in this scope; exact, called by the Swift runtime.
    public func isIsolatingCurrentContext() -> Bool? { isCurrent }

    /// Traps when the caller does not run in this scope; called by the Swift runtime.
    public func checkIsolated() {
        if isCurrent { return }
        fatalError("not in scope \(name): start the task with `device.task { }`")
    }

    /// Starts a task that prefers this scope, so that what it awaits here costs no thread switch.
    ///
    /// Threading: any thread; the body runs in this scope except inside calls to other actors.
    /// Cancellation: the task's own.
    @discardableResult
    public func task(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: self) {
            // Jobs do not own their executor: the task does, to its end.
            defer { withExtendedLifetime(self) {} }
            await body()
        }
    }

    /// Calls `body` in this scope, now. On the loop's thread and outside any other scope's code.
    @inline(__always)
    public func perform<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
        let outer = loop.enter(self)
        defer { loop.leave(to: outer) }
        try body()
    }
}
