internal import Logging

/// A device that was matched to a driver: from arrival to the end of its removal (DRV-2).
///
/// A whole USB device, a function of a composite one, or a child that its bus driver stands for.
/// Through it a driver makes queues, registers interfaces, finds pipes and starts tasks.
///
/// Threading: `loop`, `scope`, `identity`, `usb`, `parent` and `clock`, ``remove()``,
/// ``task(_:)`` and ``concurrently(_:)``, and what an interface offers its clients, anywhere;
/// everything else on the device's scope, where the driver runs anyway.
public final class Device: Sendable {
    /// The loop on which everything of this device happens.
    public let loop: EventLoop
    /// The scope of the driver and all that is called for it (S-5).
    public let scope: Scope
    /// What it is called and matched by (B-7).
    public let identity: DeviceIdentity
    /// The USB device as its bus describes it: of a function, that of which it is a part. `nil` for
    /// a device without USB hardware of its own.
    public let usb: AttachedDevice?
    /// The device whose driver reported it, if it is a child.
    public let parent: Device?
    /// The clock to wait on: virtual under the simulation.
    public let clock: LoopClock
    /// The root of the device's objects (OBJ-2).
    public let object: DriverObject

    let environment: DeviceEnvironment
    let source: DeviceSource
    // What records call it: the attachment, and for others a number that no attachment has.
    let recordNumber: UInt32
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
        var stack: StackState
        var family: FamilyState
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

    init(_ node: DeviceNode, scope: Scope? = nil, in environment: DeviceEnvironment) {
        let scope = scope ?? Scope(on: environment.bus.loop, name: node.identity.name)
        identity = node.identity
        source = node.source
        usb = node.source.usb
        parent = node.parent
        self.environment = environment
        self.scope = scope
        loop = environment.bus.loop
        clock = LoopClock(loop)
        object = DriverObject(rootOf: node.identity.name, on: scope, in: environment.ledger)
        recordNumber =
            usb.map { UInt32(truncatingIfNeeded: $0.id.rawValue) } ?? environment.nextNumber()
        state = LoopConfined(
            on: loop, State(stack: StackState(node), family: FamilyState(node)))
    }

    /// What reports call it: a USB device's product and place.
    public var name: String { identity.name }

    /// The USB device as its bus describes it, for drivers that match nothing else: traps for a
    /// device without (``usb`` does not).
    public var attached: AttachedDevice {
        guard let usb else {
            broken(
                "B-7: \(name) is not a USB device: look at `usb`", file: #fileID, line: #line)
        }
        return usb
    }

    var interfaceNumbers: [UInt8] { source.interfaces }

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
        let waiting = scope.task { await clock.wait(for: duration) }
        // The driver's own handler stays in force, and is back in place afterwards.
        let core = request.core
        let handler = core.state.value.cancelHandler
        request.onCancel {
            waiting.cancel()
            handler?()
        }
        await waiting.value
        if !core.state.value.isCancelled { core.state.value.cancelHandler = handler }
        return !waiting.isCancelled
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
    let stateObserver: (@Sendable (Device, StateChange) -> Void)?
    let hasStarted: @Sendable (Device) -> Void
    /// Whether a device that has failed may be made anew (PNP-18).
    let mayRestart: @Sendable (Device) -> Bool
    /// Finds drivers for a child, and starts it; `nil` when there are none.
    let attach: @Sendable (DeviceNode) -> Device?
    let forget: @Sendable (Device) -> Void
    let keep: @Sendable (ControlDevice) -> Void
    let forgetControl: @Sendable (ControlDevice) -> Void
    let nextNumber: @Sendable () -> UInt32

    func logError(_ message: String) { logger.error("\(message)") }
    func logWarning(_ message: String) { logger.warning("\(message)") }
}
