/// Calls one callback of a driver, in the driver's scope, one call at a time; asking for a call
/// that is queued already does nothing.
///
/// Timers, work items, deferred calls and interrupt sources differ in who asks. Behind it is one
/// task, started at the first call and isolated to the driver: a call is no hop.
///
/// Threading: the device's loop.
final class CallbackWorker: Sendable {
    private struct State {
        var isQueued = false
        var isEnded = false
        var hasTask = false
        // The task, while it runs the callback.
        var running: Int?
        var begun: UInt64 = 0
        var finished: UInt64 = 0
        var resting: Resumption<Bool>?
        var waiters: [(call: UInt64, Resumption<Void>)] = []
        var left: [Resumption<Void>] = []
    }

    private let name: String
    private let state: LoopConfined<State>
    private let start: @Sendable (CallbackWorker) -> Void

    /// `start` starts a task that runs the callback for as long as ``next()`` says so, then says
    /// ``leave()``.
    init(
        _ name: String, on loop: EventLoop, start: @escaping @Sendable (CallbackWorker) -> Void
    ) {
        self.name = name
        self.start = start
        state = LoopConfined(on: loop, State())
    }

    /// Whether a call is queued that has not begun.
    var isQueued: Bool { state.value.isQueued }

    /// Asks for a call; `false` when one is queued already, or none will come any more.
    func enqueue() -> Bool {
        guard !state.value.isQueued, !state.value.isEnded else { return false }
        state.value.isQueued = true
        if let resting = state.value.resting.take() {
            resting.resume(returning: true)
        } else if !state.value.hasTask {
            state.value.hasTask = true
            start(self)
        }
        return true
    }

    /// Takes a queued call back; `false` when none was queued.
    func cancel() -> Bool {
        guard state.value.isQueued else { return false }
        state.value.isQueued = false
        return true
    }

    /// Returns when every call that was asked for before has returned.
    func flush(_ row: String) async {
        contract(!isWithinCall, "\(row): \(name) waited for from inside its own callback")
        await Resumption.wait { waiter in
            let call = state.value.begun + (state.value.isQueued ? 1 : 0)
            if state.value.finished >= call { return waiter.resume() }
            state.value.waiters.append((call, waiter))
        }
    }

    /// No call begins any more; returns when the task is gone.
    func end(_ row: String) async {
        contract(!isWithinCall, "\(row): \(name) deleted from inside its own callback")
        state.value.isEnded = true
        _ = cancel()
        resumeWaiters()
        await Resumption.wait { left in
            state.value.resting.take()?.resume(returning: false)
            if !state.value.hasTask { return left.resume() }
            state.value.left.append(left)
        }
    }

    /// Whether the caller is the callback.
    private var isWithinCall: Bool { state.value.running.map { $0 == currentTask } ?? false }

    // MARK: For the task

    /// Waits until a call is asked for; `false` when none will be.
    func next() async -> Bool {
        if state.value.running.take() != nil { state.value.finished += 1 }
        resumeWaiters()
        while !state.value.isQueued {
            let isWanted = await Resumption.wait { resting in
                if state.value.isEnded { return resting.resume(returning: false) }
                if state.value.isQueued { return resting.resume(returning: true) }
                state.value.resting = resting
            }
            // A call that was asked for may have been taken back.
            if !isWanted { return false }
        }
        state.value.isQueued = false
        state.value.begun += 1
        state.value.running = currentTask
        return true
    }

    /// The task ends.
    func leave() {
        state.value.hasTask = false
        let left = state.value.left
        state.value.left = []
        for waiter in left { waiter.resume() }
    }

    private func resumeWaiters() {
        guard !state.value.waiters.isEmpty else { return }
        let finished = state.value.finished
        // A call that was taken back will never run.
        let coming = state.value.begun + (state.value.isQueued ? 1 : 0)
        let waiters = state.value.waiters
        state.value.waiters = waiters.filter { $0.call > finished && $0.call <= coming }
        for (call, waiter) in waiters where call <= finished || call > coming { waiter.resume() }
    }
}

/// A number that differs between tasks that live at the same time.
var currentTask: Int { unsafe withUnsafeCurrentTask { unsafe $0?.hashValue ?? 0 } }

extension DriverActor {
    /// A worker's task: `handler` is called each time that it is asked for.
    func serve(
        _ worker: CallbackWorker, _ handler: @Sendable (isolated Self) async -> Void
    ) async {
        while await worker.next() { await handler(self) }
        worker.leave()
    }
}

extension Device {
    /// A worker that calls `handler` on the driver, for as long as there is a driver.
    func callbackWorker<Driver: DriverActor>(
        _ name: String, for driver: Driver,
        _ handler: @escaping @Sendable (isolated Driver) async -> Void
    ) -> CallbackWorker {
        // A driver whose init has thrown is gone before what it made.
        CallbackWorker(name, on: loop) { [weak driver, scope] worker in
            guard let driver else { return worker.leave() }
            scope.task {
                await driver.serve(worker, handler)
            }
        }
    }
}
