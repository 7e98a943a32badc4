import DriverFoundation
import DriverRuntime
import DriverSimulation
import USBBus
import USBTypes
import VirtualUSB

/// A virtual bus whose calls take time and sometimes fail, as a real one's do, and which keeps
/// account of what is open.
final class StormBus: USBBus {
    let loop: EventLoop
    let name = "storm"
    let inner: VirtualBus
    private let run: StormRun
    private let dice: LoopConfined<Dice>
    private let isSlow: Bool
    private let failures: Int

    init(_ run: StormRun, _ inner: VirtualBus) {
        self.run = run
        self.inner = inner
        loop = inner.loop
        var dice = run.split()
        isSlow = dice.chance(60) && run.makes("slow")
        failures = dice.chance(30) && run.makes("refusals") ? 15 : 0
        self.dice = LoopConfined(on: inner.loop, dice)
    }

    func start(_ observer: @escaping @Sendable (BusEvent) -> Void) async throws(BusError) {
        try await inner.start { [run] event in
            run.log("bus: \(event.text)")
            observer(event)
        }
    }

    func rescan() async { await inner.rescan() }

    func open(_ id: AttachmentID) async throws(BusError) -> any BusDevice {
        await pause()
        if fails() { throw BusError(.accessDenied, "Nobody may open \(id).") }
        let device = StormBusDevice(try await inner.open(id), self, run)
        await pause()
        return device
    }

    func stop() async { await inner.stop() }

    /// What a call of an operating system takes.
    func pause() async {
        guard isSlow, dice.value.chance(40) else { return }
        await LoopClock(loop).wait(for: dice.value.moment(upTo: 40))
    }

    func fails() -> Bool { failures > 0 && dice.value.chance(failures) }
}

extension BusEvent {
    fileprivate var text: String {
        switch self {
        case .arrived(let device): "\(device.id) arrived"
        case .departed(let id): "\(id) departed"
        case .discoveryUnavailable: "discovery unavailable"
        }
    }
}

/// An open device of that bus.
final class StormBusDevice: BusDevice {
    let id: AttachmentID
    fileprivate let inner: any BusDevice
    private let bus: StormBus
    private let run: StormRun
    fileprivate let isSuspended: LoopConfined<Bool>
    private let isClosed: LoopConfined<Bool>

    init(_ inner: any BusDevice, _ bus: StormBus, _ run: StormRun) {
        id = inner.id
        self.inner = inner
        self.bus = bus
        self.run = run
        isClosed = LoopConfined(on: bus.loop, false)
        isSuspended = LoopConfined(on: bus.loop, false)
        run.watch(self, "open device \(id)")
    }

    func kernelDriver(of interface: UInt8) async -> String? { nil }

    func claim(_ interface: UInt8, detaching: Bool) async throws(BusError) {
        await bus.pause()
        if bus.fails() { throw BusError(.busy, "Somebody has interface \(interface).") }
        try await inner.claim(interface, detaching: detaching)
    }

    func release(_ interface: UInt8) async {
        if isClosed.value { run.violate("\(id): interface \(interface) released after the close") }
        await bus.pause()
        await inner.release(interface)
    }

    func setConfiguration(_ value: UInt8) async throws(BusError) {
        await bus.pause()
        try await inner.setConfiguration(value)
    }

    func setAlternateSetting(_ setting: UInt8, of interface: UInt8) async throws(BusError) {
        await bus.pause()
        if bus.fails() { throw BusError(.stalled, "No such setting today.") }
        try await inner.setAlternateSetting(setting, of: interface)
    }

    func clearHalt(_ endpoint: EndpointAddress) async throws(BusError) {
        await bus.pause()
        if bus.fails() { throw BusError(.failed, "The halt stays.") }
        try await inner.clearHalt(endpoint)
    }

    func reset() async throws(BusError) -> ResetOutcome {
        await bus.pause()
        return try await inner.reset()
    }

    func makeTransfer(
        _ type: TransferType, on endpoint: EndpointAddress, maxPacketSize: Int, capacity: Int
    ) throws(BusError) -> BusTransfer {
        if isClosed.value { run.violate("\(id): a transfer was made after the close") }
        let transfer = try inner.makeTransfer(
            type, on: endpoint, maxPacketSize: maxPacketSize, capacity: capacity)
        run.watch(transfer, "transfer on \(endpoint) of \(id)")
        return transfer
    }

    func pauseAndFail() async -> Bool {
        await bus.pause()
        return bus.fails()
    }

    func close() async {
        if isClosed.value { run.violate("\(id): closed twice") }
        isClosed.value = true
        await bus.pause()
        await inner.close()
    }
}

/// Its port, which sleeps when it may.
extension StormBusDevice: SuspendableDevice {
    func prepareToSuspend(wakes: Bool) async throws(BusError) {
        if isSuspended.value { run.violate("\(id): prepared while suspended (WAKE-7)") }
        guard await !pauseAndFail(), let inner = inner as? any SuspendableDevice else {
            throw BusError(.unsupported, "No sleep here.")
        }
        try await inner.prepareToSuspend(wakes: wakes)
        run.noteLeave("\(id)", isGiven: true)
        await bus.pause()
    }

    func allowSuspend(resumed: @escaping @Sendable () -> Void) async throws(BusError) {
        if isSuspended.value { run.violate("\(id): suspended twice (WAKE-7)") }
        do throws(BusError) {
            guard await !pauseAndFail(), let inner = inner as? any SuspendableDevice else {
                throw BusError(.failed, "It does not sleep.")
            }
            try await inner.allowSuspend(resumed: resumed)
        } catch {
            run.log("\(id): not suspended: \(error.code)")
            run.noteNotSuspended("\(id)")
            throw error
        }
        isSuspended.value = true
        await bus.pause()
    }

    func forbidSuspend() async throws(BusError) {
        await bus.pause()
        isSuspended.value = false
        run.noteLeave("\(id)", isGiven: false)
        if bus.fails() { throw BusError(.failed, "It sleeps on.") }
        try await (inner as? any SuspendableDevice)?.forbidSuspend()
    }
}
