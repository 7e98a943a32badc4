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
    /// The root of the device's objects (OBJ-2).
    public let object: DriverObject

    let environment: DeviceEnvironment
    let interfaceNumbers: [UInt8]
    let state: LoopConfined<State>

    struct State {
        var pnp = MachineRun<PnPMachine>(.created)
        var power = MachineRun<PowerMachine>(.off)
        var lifecycle = LifecycleState()
        var isGone = false
        var isFailed = false
        var driver: (any FunctionDriver)?
        var hardware: Hardware?
        var queues: [RequestQueue] = []
        var routes = QueueRoutes()
        var interfaces = OfferedInterfaces()
        var files: [FileObject] = []
        var fileAccess = FileAccess()
        var targets: [IOTarget] = []
        var requestPool = RequestPool()
        var startError: DeviceError?
        var isRemoving = false
        var removeQueries: [Resumption<DeviceError?>] = []
        var queryRefusal: DeviceError?
        var isNoticing = false
        var noticeWaiters: [Resumption<Void>] = []
        var finalWaiters: [Resumption<Void>] = []
        var removalWaiters: [Resumption<Bool>] = []
        var removalGrace: Deadline?
        var readers: [ContinuousReader] = []
        var watch = CallbackWatch()
        var parts = DeviceParts()
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
        object = DriverObject(rootOf: name, on: scope, in: environment.ledger)
        state = LoopConfined(on: loop, State())
    }

    /// Whether nothing can be asked of the device any more: from its departure on, or from when an
    /// orderly removal ends its queues. Not yet during that removal's
    /// ``FunctionDriver/exitD0(to:)``.
    public var isGone: Bool { state.value.isGone }

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
    let ledger: ObjectLedger
    let settings: any SettingsStore
    let detachesKernelDrivers: Bool
    let watchdogInterval: Duration
    let logger: Logger
    let observer: (@Sendable (Device, LifecycleStep) -> Void)?
    let makeDriver: @Sendable (Device) async throws(DeviceError) -> any FunctionDriver
    let forget: @Sendable (Device) -> Void

    func logError(_ message: String) { logger.error("\(message)") }
}
