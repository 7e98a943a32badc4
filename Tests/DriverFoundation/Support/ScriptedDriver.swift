import DriverFoundation

extension DeviceInterfaceClass {
    static let gadget: DeviceInterfaceClass = "org.driver-foundation.test.gadget"
}

/// What a ``ScriptedDriver`` does in each callback.
struct Script: Sendable {
    typealias Step = @Sendable (isolated ScriptedDriver) async throws(DeviceError) -> Void

    var steps: [DriverCallback: Step]

    init(_ steps: [DriverCallback: Step] = [:]) { self.steps = steps }

    /// A driver of one queue, its first, that hands writes out one by one.
    static func writing(_ handler: @escaping RequestHandler<ScriptedDriver>) -> Script {
        Script([
            .deviceAdd: { driver in
                driver.queues = [driver.device.queue(.sequential, for: driver, write: handler)]
            }
        ])
    }

    private static let registry = Registry()

    /// Drivers on `loop` follow `script`, and share `valve`.
    static func register(_ script: Script, _ valve: Valve, for loop: EventLoop) {
        registry[loop] = (script, valve)
    }
    static func forget(_ loop: EventLoop) { registry[loop] = nil }
    fileprivate static func of(_ loop: EventLoop) -> (Script, Valve) {
        registry[loop] ?? (Script(), Valve(on: loop))
    }

    private final class Registry: @unchecked Sendable {
        // Sendable because `scripts` is guarded by `lock`.
        private let lock = Lock()
        private var scripts: [ObjectIdentifier: (Script, Valve)] = [:]

        subscript(loop: EventLoop) -> (Script, Valve)? {
            get { lock.withLock { scripts[ObjectIdentifier(loop)] } }
            set { lock.withLock { scripts[ObjectIdentifier(loop)] = newValue } }
        }
    }
}

/// A driver whose callbacks are given by its test; it offers the interface `.gadget`.
actor ScriptedDriver: FunctionDriver {
    static let matches: [DeviceMatch] = [.id(vendor: 0x1209, product: 0x0001)]

    nonisolated let device: Device
    let script: Script
    nonisolated let valve: Valve
    var queues: [RequestQueue] = []
    var reader: ContinuousReader?
    var output: USBPipe?
    var input: USBPipe?
    var received: [[UInt8]] = []
    var failures: [DeviceError.Code] = []
    var notes: [String] = []
    var held: Request?
    var hand: [HeldRequest] = []
    var owned = 0
    var mostAtOnce = 0

    init(device: Device) async throws(DeviceError) {
        self.device = device
        (script, valve) = Script.of(device.loop)
        device.register(.gadget)
        try await run(.deviceAdd)
    }

    private func run(_ callback: DriverCallback) async throws(DeviceError) {
        try await script.steps[callback]?(self)
    }

    func prepareHardware() async throws(DeviceError) { try await run(.prepareHardware) }
    func enterD0(from previous: PowerState) async throws(DeviceError) {
        notes.append("enterD0(from: \(previous))")
        try await run(.enterD0)
    }
    func exitD0(to next: PowerState) async throws(DeviceError) {
        notes.append("exitD0(to: \(next))")
        try await run(.exitD0)
    }
    func releaseHardware() async throws(DeviceError) { try await run(.releaseHardware) }
    func surpriseRemoval() async {
        do throws(DeviceError) { try await run(.surpriseRemoval) } catch {}
    }
    func queryRemove() async throws(DeviceError) { try await run(.queryRemove) }
    func queryStop() async throws(DeviceError) { try await run(.queryStop) }
    func postInterruptsEnabled(from previous: PowerState) async throws(DeviceError) {
        try await run(.postInterruptsEnabled)
    }
    func preInterruptsDisabled(to next: PowerState) async throws(DeviceError) {
        try await run(.preInterruptsDisabled)
    }
    func initializeSelfManagedIO() async throws(DeviceError) {
        try await run(.initializeSelfManagedIO)
    }
    func suspendSelfManagedIO() async throws(DeviceError) { try await run(.suspendSelfManagedIO) }
    func restartSelfManagedIO() async throws(DeviceError) { try await run(.restartSelfManagedIO) }
    func flushSelfManagedIO() async { try? await run(.flushSelfManagedIO) }
    func cleanUpSelfManagedIO() async { try? await run(.cleanUpSelfManagedIO) }
    func armWake(for reason: WakeReason) async throws(DeviceError) {
        notes.append("armWake(for: \(reason))")
        try await run(.armWake)
    }
    func wakeTriggered(for reason: WakeReason) async {
        notes.append("wakeTriggered(for: \(reason))")
        try? await run(.wakeTriggered)
    }
    func disarmWake(for reason: WakeReason) async {
        notes.append("disarmWake(for: \(reason))")
        try? await run(.disarmWake)
    }
}

/// Holds up whoever passes until it is opened.
final class Valve: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [Resumption<Void>] = []
    }
    private let state: LoopConfined<State>

    init(on loop: EventLoop) { state = LoopConfined(on: loop, State()) }

    var hasPassed: Bool { state.value.isOpen }

    var hasWaiter: Bool { !state.value.waiters.isEmpty }

    func pass() async {
        await Resumption.wait { resumption in
            if state.value.isOpen { return resumption.resume() }
            state.value.waiters.append(resumption)
        }
    }

    func open() {
        state.value.isOpen = true
        let waiters = state.value.waiters
        state.value.waiters = []
        for waiter in waiters { waiter.resume() }
    }
}
