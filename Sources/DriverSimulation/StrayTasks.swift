internal import DriverRuntime
internal import Glibc

/// Catches tasks that would leave a simulation: what its thread hands to the global executors.
///
/// The Swift runtime asks a hook before it enqueues a job there. Ours looks up the simulation of the
/// calling thread; with none the job goes on as ever, so that simulations run beside ordinary
/// asynchronous tests. The hooks are not documented interface: where they are not found, strays go
/// unnoticed and the first to come back traps as work from another thread.
///
/// Unsafe because the hooks are C variables found by name, and jobs and simulations pass through C
/// as bare pointers; a simulation outlives its time as its thread's.
enum StrayTasks {
    private typealias Job = UnsafeRawPointer
    private typealias Enqueue = @convention(c) (Job) -> Void
    private typealias EnqueueHook = @convention(c) (Job, Enqueue) -> Void
    private typealias EnqueueLater = @convention(c) (UInt64, Job) -> Void
    private typealias EnqueueLaterHook = @convention(c) (UInt64, Job, EnqueueLater) -> Void
    private typealias EnqueueAt = @convention(c) (Int64, Int64, Int64, Int64, Int32, Job) -> Void
    private typealias EnqueueAtHook =
        @convention(c) (Int64, Int64, Int64, Int64, Int32, Job, EnqueueAt) -> Void

    /// Whether the runtime has the hook for tasks.
    static let areCaught: Bool = install()

    /// Runs `body` with `simulation` as the thread's own.
    static func belonging<Result, Failure: Error>(
        to simulation: Simulation, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        _ = areCaught
        let outer = unsafe pthread_getspecific(key)
        unsafe pthread_setspecific(key, Unmanaged.passUnretained(simulation).toOpaque())
        defer { unsafe pthread_setspecific(key, outer) }
        return try body()
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let code = unsafe pthread_key_create(&key, nil)
        precondition(code == 0, "pthread_key_create failed with \(code)")
        return key
    }()

    private static var current: Simulation? {
        unsafe pthread_getspecific(key).map {
            unsafe Unmanaged<Simulation>.fromOpaque($0).takeUnretainedValue()
        }
    }

    /// Whether the job was the present simulation's, which now runs it itself.
    private static func take(_ job: Job, _ text: String) -> Bool {
        guard let simulation = current, simulation.loop.isOnLoop else { return false }
        simulation.addStray(text)
        simulation.loop.enqueue(
            unsafe unsafeBitCast(job, to: UnownedJob.self), in: simulation.strayScope)
        return true
    }

    private static func install() -> Bool {
        let task: EnqueueHook = { job, original in
            if unsafe !StrayTasks.take(job, "an ordinary task was started or resumed") {
                unsafe original(job)
            }
        }
        let main: EnqueueHook = { job, original in
            if unsafe !StrayTasks.take(job, "code of the main actor was called") {
                unsafe original(job)
            }
        }
        let later: EnqueueLaterHook = { delay, job, original in
            if unsafe !StrayTasks.take(job, "a task sleeps") { unsafe original(delay, job) }
        }
        let at: EnqueueAtHook = {
            seconds, nanoseconds, leewaySeconds, leeway, clock, job, original in
            if unsafe !StrayTasks.take(job, "a task sleeps") {
                unsafe original(seconds, nanoseconds, leewaySeconds, leeway, clock, job)
            }
        }
        let isFound = unsafe set("swift_task_enqueueGlobal_hook", task)
        _ = unsafe set("swift_task_enqueueMainExecutor_hook", main)
        _ = unsafe set("swift_task_enqueueGlobalWithDelay_hook", later)
        _ = unsafe set("swift_task_enqueueGlobalWithDeadline_hook", at)
        return isFound
    }

    private static func set<Hook>(_ name: String, _ hook: Hook) -> Bool {
        guard let variable = unsafe dlsym(nil, name) else { return false }
        unsafe variable.assumingMemoryBound(to: Optional<Hook>.self).pointee = hook
        return true
    }
}
