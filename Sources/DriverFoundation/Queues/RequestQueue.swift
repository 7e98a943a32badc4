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
/// A power-managed queue hands out requests only while the device is in D0. The driver may
/// stop, drain, purge and start it, and is told of what it owns when the device leaves D0
/// . At removal what waits ends with `.removed`, what the driver owns is cancelled and
/// awaited.
///
/// Threading: its device's scope; what is constant, anywhere.
public final class RequestQueue: Sendable {
    /// How it hands out requests.
    public let dispatch: QueueDispatch
    /// Whether it waits for D0.
    public let isPowerManaged: Bool
    /// What log and watchdog call it.
    public let name: String
    let allowsZeroLength: Bool
    let share: QueueShare?
    unowned let device: Device
    /// Held while a power-managed queue has a request, be it waiting or the driver's: then the
    /// device does not idle, and one that idles comes back.
    let powerReference: PowerReference?
    let state: LoopConfined<State>

    struct State {
        var waiting = RequestList()
        var owned = RequestList()
        var isAccepting = true
        var isDispatching = true
        var isPowered: Bool
        // While the driver is told of what it kept through a time out of D0.
        var isResuming = false
        var isShutDown = false
        var isDeleted = false
        // Whether it holds its power reference.
        var isBusy = false
        // Whether kinds of requests lead here.
        var isBound = false
        var workers = QueueWorkers()
        var hooks = QueueHooks()
        var settling = QueueSettling()
        var ready = QueueReadiness()
        var latency = QueueLatency()
        var reserve = RequestReserve()
        // How often another queue of its group went first.
        var passedOver = 0
    }

    init(
        _ dispatch: QueueDispatch, name: String? = nil, isPowerManaged: Bool,
        allowsZeroLength: Bool = false, share: QueueShare? = nil, of device: Device
    ) {
        if case .parallel(let limit) = dispatch {
            contract(limit > 0, "Q-1: a parallel queue presents at least one request")
        }
        contract(
            share == nil || dispatch != .manual,
            "Q-21: the driver itself decides when it draws from a manual queue: it has no share")
        self.dispatch = dispatch
        self.isPowerManaged = isPowerManaged
        self.name = name ?? "queue \(device.state.value.queues.count + 1)"
        self.allowsZeroLength = allowsZeroLength
        self.share = share
        self.device = device
        powerReference = isPowerManaged ? PowerReference(self.name, on: device) : nil
        state = LoopConfined(on: device.loop, State(isPowered: !isPowerManaged))
        share?.join(self)
    }

    /// Requests that wait in the queue.
    public var count: Int { state.value.waiting.count }

    /// Requests of this queue that the driver owns.
    public var ownedCount: Int { state.value.owned.count }

    /// Where it stands now; a moment later it may stand elsewhere.
    public var status: QueueStatus {
        let state = state.value
        return QueueStatus(
            isAccepting: state.isAccepting, isDispatching: state.isDispatching,
            isHeld: !state.isPowered, isShutDown: state.isShutDown, waiting: state.waiting.count,
            owned: state.owned.count)
    }

    /// How long its requests waited and how long the driver had them.
    public var latency: QueueLatency { state.value.latency }

    var isDeleted: Bool { state.value.isDeleted }

    /// Whether what waits can reach the driver: Q-6, the device is in D0 or the queue does not
    /// care; Q-7, the driver has not stopped it.
    var isHandingOut: Bool {
        (state.value.isPowered && !state.value.isResuming
            || device.loop.isPlanted(.deliveryOutOfD0))
            && (state.value.isDispatching || device.loop.isPlanted(.deliveryWhenStopped))
    }

    // MARK: Requests come and go

    /// Takes a request in; one that cannot be taken is completed.
    func accept(_ core: RequestCore, atHead: Bool) {
        core.state.value.queue = self
        if core.state.value.ticket?.isCancelled == true, !core.state.value.isCancelled {
            core.state.value.cancellation = device.state.value.isRemoving ? .removal : .given
        }
        if core.state.value.isCancelled { return endCancelled(core) }
        // What a queue that is drained has handed out already belongs to what it has to finish.
        guard state.value.isAccepting || atHead && !state.value.isShutDown else {
            core.state.value.queue = nil
            return core.finish(error: refusal, information: 0)
        }
        core.state.value.phase = .queued
        core.state.value.since = device.loop.now
        let wasEmpty = state.value.waiting.isEmpty
        if atHead { state.value.waiting.prepend(core) } else { state.value.waiting.append(core) }
        if isPowerManaged, state.value.isBusy, !state.value.isPowered { device.neededAgain() }
        updatePowerReference()
        if wasEmpty { becomeReady() }
        deliver()
    }

    private var refusal: DeviceError {
        if state.value.isShutDown { return .removed }
        return DeviceError(
            .invalidDeviceState,
            "\(name) of \(device.name) takes no requests now: its driver drains or purges it (Q-8)."
        )
    }

    /// Takes in a request that the driver has forwarded or requeued.
    func acceptAgain(_ core: RequestCore, atHead: Bool) {
        if core.state.value.isCancelled { device.loop.reach(.forwardedWhenCancelled) }
        if !state.value.isAccepting { device.loop.reach(.forwardedToPurgedQueue) }
        accept(core, atHead: atHead)
    }

    /// Ends a waiting request that has just been cancelled.
    func endWaiting(_ core: RequestCore) {
        state.value.waiting.remove(core)
        endCancelled(core)
        requestsChanged()
    }

    /// what the driver has had before, it is given again to end it, if it wants that.
    func endCancelled(_ core: RequestCore) {
        guard let end = state.value.hooks.cancelled, core.state.value.isSeen else {
            core.state.value.phase = .queued
            return core.finish(error: core.state.value.cancellation?.error, information: 0)
        }
        device.loop.reach(.cancelledOnQueue)
        own(core)
        updatePowerReference()
        end(core)
    }

    /// One of the requests that the driver owned has left it.
    func requestLeftDriver(_ core: RequestCore) {
        state.value.owned.remove(core)
        state.value.latency.driver.add(core.state.value.since.duration(to: device.loop.now))
        deliver()
        requestsChanged()
    }

    /// The request becomes the driver's.
    func own(_ core: RequestCore) {
        let now = device.loop.now
        state.value.latency.waiting.add(core.state.value.since.duration(to: now))
        core.state.value.phase = .owned
        core.state.value.since = now
        state.value.owned.append(core)
        device.record(.requestDelivered, core.state.value.number)
    }

    /// Takes or drops the power reference as the queue gets its first request or loses its last.
    func updatePowerReference() {
        guard let powerReference else { return }
        let isBusy = !(state.value.waiting.isEmpty && state.value.owned.isEmpty)
        guard isBusy != state.value.isBusy else { return }
        state.value.isBusy = isBusy
        if isBusy { powerReference.take() } else { powerReference.drop() }
    }

    /// a child goes, and what it has forwarded here is cancelled.
    func cancelRequests(of child: Device) {
        for core in state.value.waiting.all + state.value.owned.all where core.device === child {
            core.cancel(.removal)
        }
    }

    /// What depends on the queue's being empty, or the driver's owning nothing.
    func requestsChanged() {
        updatePowerReference()
        resumeSettled()
    }
}
