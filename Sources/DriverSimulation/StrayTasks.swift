internal import DriverRuntime
internal import Glibc

/// Catches tasks that would leave a simulation: what its thread hands to the global executors.
///
/// The Swift runtime asks a hook before it enqueues a job there. Ours looks up the simulation of
/// the calling thread; with none the job goes on as ever, so that simulations run beside ordinary
/// asynchronous tests. `Task.sleep` and the main actor bypass it: to a simulation they are waits
/// for what nobody brings. The hook is not documented interface: where it is not found, strays go
/// unnoticed until they come back, which traps as work from another thread.
///
/// Unsafe because the hook is a C variable found by name, and jobs and simulations pass through C
/// as bare pointers; a simulation outlives its time as its thread's.
enum StrayTasks {
    private typealias Job = UnsafeRawPointer
    private typealias Enqueue = @convention(c) (Job) -> Void
    private typealias Hook = @convention(c) (Job, Enqueue) -> Void

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
    private static func take(_ job: Job) -> Bool {
        guard let simulation = current, simulation.loop.isOnLoop else { return false }
        simulation.addStray("an ordinary task was started or resumed")
        simulation.loop.enqueue(
            unsafe unsafeBitCast(job, to: UnownedJob.self), in: simulation.strayScope)
        return true
    }

    private static func install() -> Bool {
        let variable = unsafe dlsym(nil, "swift_task_enqueueGlobal_hook")
        guard let variable = unsafe variable else { return false }
        let hook: Hook = { job, enqueue in
            if unsafe !StrayTasks.take(job) { unsafe enqueue(job) }
        }
        unsafe variable.assumingMemoryBound(to: Optional<Hook>.self).pointee = hook
        return true
    }
}
