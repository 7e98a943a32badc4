/// How a queue hands requests to its driver.
public enum QueueDispatch: Sendable, Hashable {
    /// The next when the previous has left the driver: completed, forwarded or requeued.
    case sequential
    /// Up to this many at once.
    case parallel(limit: Int)
    /// When the driver asks with ``RequestQueue/next()``.
    case manual
}

/// Requests on their way to the driver, in order of arrival.
///
/// A power-managed queue hands out requests only while the device is in D0. At removal what
/// waits is cancelled, what the driver owns is cancelled and awaited (Q-7, purge).
///
/// Threading: its device's scope.
public final class RequestQueue: Sendable {
    /// How it hands out requests.
    public let dispatch: QueueDispatch
    /// Whether it waits for D0.
    public let isPowerManaged: Bool
    unowned let device: Device
    private let state: LoopConfined<State>

    private struct State {
        var waiting = RequestList()
        var owned = RequestList()
        var isAccepting = true
        var isPowered: Bool
        var isEnded = false
        var idleWorkers: [Resumption<RequestCore?>] = []
        var startingWorkers = 0
        var startWorker: (@Sendable () -> Void)?
        var settled: [Resumption<Void>] = []
        var watchdog: Deadline?
    }

    init(_ dispatch: QueueDispatch, isPowerManaged: Bool, of device: Device) {
        if case .parallel(let limit) = dispatch {
            contract(limit > 0, "Q-1: a parallel queue presents at least one request")
        }
        self.dispatch = dispatch
        self.isPowerManaged = isPowerManaged
        self.device = device
        state = LoopConfined(on: device.loop, State(isPowered: !isPowerManaged))
    }

    /// Requests that wait in the queue.
    public var count: Int { state.value.waiting.count }

    /// Requests of this queue that the driver owns.
    public var ownedCount: Int { state.value.owned.count }

    /// Takes the oldest waiting request; `nil` when none waits or the device is not in D0.
    /// For manual queues.
    public func next() -> Request? {
        contract(dispatch == .manual, "Q-10: only a manual queue is drawn from")
        guard isHandingOut, let core = state.value.waiting.popFirst() else { return nil }
        own(core)
        return Request(core)
    }

    // MARK: Requests come and go

    /// Takes a request in; one that cannot be taken is completed.
    func accept(_ core: RequestCore, atHead: Bool) {
        if core.state.value.isCancelled || core.state.value.ticket?.isCancelled == true {
            return core.finish(error: .cancelled, information: 0)
        }
        guard state.value.isAccepting else {
            return core.finish(error: .removed, information: 0)
        }
        core.state.value.queue = self
        core.state.value.phase = .queued
        if atHead { state.value.waiting.prepend(core) } else { state.value.waiting.append(core) }
        deliver()
    }

    /// Takes in a request that the driver has forwarded or requeued.
    func acceptAgain(_ core: RequestCore, atHead: Bool) {
        if core.state.value.isCancelled { device.loop.reach(.forwardedWhenCancelled) }
        if !state.value.isAccepting { device.loop.reach(.forwardedToPurgedQueue) }
        accept(core, atHead: atHead)
    }

    /// Takes out a waiting request that is being cancelled.
    func remove(_ core: RequestCore) {
        state.value.waiting.remove(core)
    }

    /// One of the requests that the driver owned has left it.
    func requestLeftDriver(_ core: RequestCore) {
        state.value.owned.remove(core)
        deliver()
        settleIfIdle()
    }

    private func own(_ core: RequestCore) {
        core.state.value.phase = .owned
        core.state.value.since = device.loop.now
        state.value.owned.append(core)
        device.record(.requestDelivered, core.state.value.number)
    }

    // MARK: Workers

    /// Lets `start` start a worker whenever a request finds none idle.
    func setWorkers(_ start: @escaping @Sendable () -> Void) {
        contract(dispatch != .manual, "Q-1: a manual queue has no handlers")
        state.value.startWorker = start
    }

    /// What a worker awaits; `nil` when it is not needed any more.
    func nextForWorker(isFirst: Bool) async -> RequestCore? {
        if isFirst { state.value.startingWorkers -= 1 }
        return await Resumption.wait { worker in
            if let core = takeDeliverable() { return worker.resume(returning: core) }
            if state.value.isEnded || state.value.idleWorkers.count >= presentedLimit {
                return worker.resume(returning: nil)
            }
            state.value.idleWorkers.append(worker)
        }
    }

    private var presentedLimit: Int {
        switch dispatch {
        case .sequential: device.loop.isPlanted(.deliveryBeyondLimit) ? 2 : 1
        case .parallel(let limit): limit
        case .manual: 0
        }
    }

    private func takeDeliverable() -> RequestCore? {
        guard isHandingOut, state.value.owned.count < presentedLimit,
            let core = state.value.waiting.popFirst()
        else { return nil }
        own(core)
        return core
    }

    /// whether the device is in D0, or the queue does not care.
    private var isHandingOut: Bool {
        state.value.isPowered || device.loop.isPlanted(.deliveryOutOfD0)
    }

    private func deliver() {
        while !state.value.idleWorkers.isEmpty, let core = takeDeliverable() {
            state.value.idleWorkers.removeLast().resume(returning: core)
        }
        // A handler may run on after its request has left: the next one needs another worker.
        guard isHandingOut, let start = state.value.startWorker else { return }
        let deliverable = min(
            state.value.waiting.count, presentedLimit - state.value.owned.count)
        while state.value.startingWorkers < deliverable {
            if dispatch == .sequential { device.loop.reach(.handlerOutlivesRequest) }
            state.value.startingWorkers += 1
            start()
        }
    }

    // MARK: Power and removal

    /// The device is in D0 (PNP-1: queues on).
    func powerUp() {
        state.value.isPowered = true
        deliver()
    }

    /// Stops handing out, and cancels what the driver owns (PNP-2).
    func hold() {
        state.value.isPowered = false
        if !state.value.owned.isEmpty { device.loop.reach(.heldWithOwned) }
        cancelOwned()
    }

    /// Takes nothing in any more, and cancels everything.
    func purge() {
        state.value.isAccepting = false
        while let core = state.value.waiting.popFirst() {
            if device.loop.isPlanted(.purgeForgets) { continue }
            core.finish(error: .removed, information: 0)
            if device.loop.isPlanted(.purgeCompletesTwice) {
                core.finish(error: .removed, information: 0)
            }
        }
        if !state.value.owned.isEmpty { device.loop.reach(.purgedWithOwned) }
        cancelOwned()
    }

    /// a child goes, and what it has forwarded here is cancelled.
    func cancelRequests(of child: Device) {
        for core in state.value.waiting.all + state.value.owned.all where core.device === child {
            core.cancel()
        }
    }

    /// Lets the workers go; nothing comes any more.
    func end() {
        state.value.isEnded = true
        let idle = state.value.idleWorkers
        state.value.idleWorkers = []
        for worker in idle { worker.resume(returning: nil) }
    }

    private func cancelOwned() {
        // A snapshot, because a cancel handler may lead to requests leaving.
        for core in state.value.owned.all { core.cancel() }
    }

    /// Waits until the driver owns nothing; says what it owns each time the watchdog's interval has
    /// passed.
    func settle() async {
        let watchdog = Deadline(on: device.loop) { [self] in reportOwned() }
        // Looked at and noted in one step: entering an asynchronous function may let others run.
        await Resumption.wait { settled in
            if state.value.owned.isEmpty { return settled.resume() }
            state.value.settled.append(settled)
            state.value.watchdog = watchdog
            watchdog.arm(after: device.environment.watchdogInterval)
        }
        watchdog.disarm()
        if state.value.watchdog === watchdog { state.value.watchdog = nil }
    }

    private func reportOwned() {
        for core in state.value.owned.all {
            let time = core.state.value.since.duration(to: device.loop.now)
            device.report(
                "the driver has owned a request (\(core.state.value.kind)) for \(time): complete"
                    + " it when it is cancelled, or the device cannot leave D0 (Q-14)")
        }
        state.value.watchdog?.arm(after: device.environment.watchdogInterval)
    }

    private func settleIfIdle() {
        guard state.value.owned.isEmpty, !state.value.settled.isEmpty else { return }
        let settled = state.value.settled
        state.value.settled = []
        if device.loop.isPlanted(.lostWakeOfSettle) { return }
        for waiter in settled { waiter.resume() }
    }
}
