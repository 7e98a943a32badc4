internal import Logging

/// A device that was matched to a driver: from arrival to the end of its removal (DRV-2).
///
/// Through it a driver makes queues, registers interfaces, finds pipes and starts tasks.
///
/// Threading: `loop`, `scope`, `name`, `attached` and `clock`, ``remove()``, ``task(_:)`` and
/// ``concurrently(_:)``, and what an interface offers its clients, anywhere; everything else on the
/// device's scope, where the driver runs anyway.
public final class Device: Sendable {
    /// The loop on which everything of this device happens.
    public let loop: EventLoop
    /// The scope of the driver and all that is called for it (S-5).
    public let scope: Scope
    /// The device as its bus describes it.
    public let attached: AttachedDevice
    /// What reports call it: the product's name and its place.
    public let name: String
    /// The clock to wait on: virtual under the simulation.
    public let clock: LoopClock

    let environment: DeviceEnvironment
    let interfaceNumbers: [UInt8]
    let state: LoopConfined<State>

    struct State {
        var pnp = MachineRun<PnPMachine>(.created)
        var power = MachineRun<PowerMachine>(.off)
        var isRunningMachines = false
        var isGone = false
        var isFailed = false
        var driver: (any FunctionDriver)?
        var hardware: Hardware?
        var queues: [RequestQueue] = []
        var routes: [(RequestRoutes, RequestQueue)] = []
        var defaultQueue: RequestQueue?
        var interfaces: [(DeviceInterfaceClass, id: UInt64?)] = []
        var files: [File] = []
        var pool: [RequestCore] = []
        var startError: DeviceError?
        var isRemoving = false
        var removeQueries: [Resumption<DeviceError?>] = []
        var queryRefusal: DeviceError?
        var lastRequest: UInt64 = 0
        var isNoticing = false
        var noticeWaiters: [Resumption<Void>] = []
        var finalWaiters: [Resumption<Void>] = []
        var removalWaiters: [Resumption<Bool>] = []
        var removalGrace: Deadline?
        var readers: [ContinuousReader] = []
        var watch = CallbackWatch()
    }

    init(
        _ attached: AttachedDevice, interfaces: [UInt8], in environment: DeviceEnvironment
    ) {
        self.attached = attached
        self.environment = environment
        interfaceNumbers = interfaces
        loop = environment.bus.loop
        clock = LoopClock(loop)
        let product = attached.strings.product ?? "USB device"
        name = "\(product) (\(attached.location))"
        scope = Scope(on: loop, name: name)
        state = LoopConfined(on: loop, State())
    }

    /// Whether nothing can be asked of the device any more: from its departure on, or from when an
    /// orderly removal ends its queues. Not yet during that removal's
    /// ``FunctionDriver/exitD0(to:)``.
    public var isGone: Bool { state.value.isGone }

    // MARK: Queues

    /// Makes a manual queue: requests are forwarded to it, and drawn with ``RequestQueue/next()``.
    ///
    /// `isPowerManaged`: whether it hands out requests only in D0.
    public func queue(_ dispatch: QueueDispatch, isPowerManaged: Bool = true) -> RequestQueue {
        contract(
            dispatch == .manual, "Q-1: a \(dispatch) queue needs a handler: use queue(_:for:…)")
        return add(RequestQueue(dispatch, isPowerManaged: isPowerManaged, of: self))
    }

    /// Makes a queue that hands requests to the driver's handlers, and routes to it every kind of
    /// request for which a handler is given. One queue of a device may have a handler for
    /// `other`: it takes what no queue has a handler for; without one that is refused.
    ///
    /// Two queues for one kind, two for `other`, or a queue without any handler trap: the driver
    /// contradicts itself.
    @discardableResult
    public func queue<Driver: FunctionDriver>(
        _ dispatch: QueueDispatch, isPowerManaged: Bool = true, for driver: isolated Driver,
        read: RequestHandler<Driver>? = nil, write: RequestHandler<Driver>? = nil,
        deviceControl: RequestHandler<Driver>? = nil, other: RequestHandler<Driver>? = nil
    ) -> RequestQueue {
        let handlers = RequestHandlers(
            read: read, write: write, deviceControl: deviceControl, other: other)
        contract(
            !handlers.routes.isEmpty || handlers.isDefault,
            "Q-1: a \(dispatch) queue of \(name) has no handler: give it one, or make it manual")
        contract(
            !handlers.isDefault || state.value.defaultQueue == nil,
            "Q-2: \(name) has two queues with a handler for `other`: keep one")
        let queue = add(RequestQueue(dispatch, isPowerManaged: isPowerManaged, of: self))
        queue.setWorkers { [unowned driver, unowned queue, scope] in
            scope.task { await driver.work(on: queue, handlers) }
        }
        for (routes, _) in state.value.routes {
            contract(
                routes.isDisjoint(with: handlers.routes),
                "Q-3: \(name) has two queues for one kind of request: keep one handler of each")
        }
        state.value.routes.append((handlers.routes, queue))
        if handlers.isDefault { state.value.defaultQueue = queue }
        return queue
    }

    private func add(_ queue: RequestQueue) -> RequestQueue {
        contract(
            state.value.queues.count < 64, "a device has at most 64 queues: make them once, in init"
        )
        state.value.queues.append(queue)
        if state.value.power.state == .d0, queue.isPowerManaged { queue.powerUp() }
        return queue
    }

    // MARK: Interfaces

    /// Offers the device to programs as `interfaceClass`: enabled when it has started, disabled
    /// when it is removed (DI-1).
    public func register(_ interfaceClass: DeviceInterfaceClass) {
        state.value.interfaces.append((interfaceClass, id: nil))
    }

    // MARK: Tasks

    /// Starts a task on the device's scope. It is for the driver to end it by the time that
    /// `releaseHardware()` returns; what it awaits on the device then throws.
    @discardableResult
    public func task(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        scope.task(body)
    }

    /// Runs long work away from the loop, on the global pool, and returns what it returned.
    public func concurrently<Result: Sendable>(
        _ body: @escaping @Sendable () async -> Result
    ) async -> Result {
        await withTaskExecutorPreference(globalConcurrentExecutor) { await body() }
    }

    /// Waits for `duration` on behalf of `request`: ends early, with `false`, when its client
    /// cancels.
    @discardableResult
    public func wait(for duration: Duration, request: borrowing Request) async -> Bool {
        let clock = clock
        let waiting = Task(executorPreference: scope) { await clock.wait(for: duration) }
        // The driver's own handler stays in force, and is back in place afterwards.
        let core = request.core
        let handler = core.state.value.cancelHandler
        request.onCancel {
            waiting.cancel()
            handler?()
        }
        let isTimely = await waiting.value
        if !core.state.value.isCancelled { core.state.value.cancelHandler = handler }
        return isTimely
    }
}

/// What devices share: the bus they are on, and where they report.
struct DeviceEnvironment: Sendable {
    let bus: any USBBus
    let interfaces: DeviceInterfaces
    let recorder: FlightRecorder
    let verifier: Verifier
    let detachesKernelDrivers: Bool
    let watchdogInterval: Duration
    let logger: Logger
    let observer: (@Sendable (Device, LifecycleStep) -> Void)?
    let makeDriver: @Sendable (Device) async throws(DeviceError) -> any FunctionDriver
    let forget: @Sendable (Device) -> Void

    func logError(_ message: String) { logger.error("\(message)") }
}
