import DriverFoundation
import USBBus
import VirtualUSB

/// A virtual bus that counts what a framework asks of it, and fails one of these calls.
final class FailingBus: USBBus {
    /// What failed, or would have.
    struct Plan: Sendable {
        /// From 1; none fails when it is `nil`.
        var failing: Int?
        var code = BusError.Code.failed
    }

    private struct State {
        var calls: [String] = []
        var openDevices = 0
    }

    let inner: VirtualBus
    private let plan: Plan
    private let state: LoopConfined<State>

    var loop: EventLoop { inner.loop }
    var name: String { inner.name }
    /// What was asked so far, in order.
    var calls: [String] { state.value.calls }
    /// Devices that were opened and not closed.
    var openDevices: Int { state.value.openDevices }

    init(_ inner: VirtualBus, _ plan: Plan) {
        self.inner = inner
        self.plan = plan
        state = LoopConfined(on: inner.loop, State())
    }

    fileprivate func pass(_ call: String) throws(BusError) {
        state.value.calls.append(call)
        if state.value.calls.count == plan.failing {
            throw BusError(plan.code, "It was planned that \(call) fails.")
        }
    }

    func start(_ observer: @escaping @Sendable (BusEvent) -> Void) async throws(BusError) {
        try await inner.start(observer)
    }
    func rescan() async { await inner.rescan() }
    func stop() async { await inner.stop() }

    func open(_ id: AttachmentID) async throws(BusError) -> any BusDevice {
        try pass("open")
        let device = try await inner.open(id)
        state.value.openDevices += 1
        return FailingDevice(device, of: self)
    }

    fileprivate func closed() { state.value.openDevices -= 1 }
}

private final class FailingDevice: BusDevice {
    private let inner: any BusDevice
    private let bus: FailingBus
    var id: AttachmentID { inner.id }

    init(_ inner: any BusDevice, of bus: FailingBus) {
        self.inner = inner
        self.bus = bus
    }

    func kernelDriver(of interface: UInt8) async -> String? { nil }
    func claim(_ interface: UInt8, detaching: Bool) async throws(BusError) {
        try bus.pass("claim")
        try await inner.claim(interface, detaching: detaching)
    }
    func release(_ interface: UInt8) async { await inner.release(interface) }
    func setConfiguration(_ value: UInt8) async throws(BusError) {
        try bus.pass("setConfiguration")
        try await inner.setConfiguration(value)
    }
    func setAlternateSetting(_ setting: UInt8, of interface: UInt8) async throws(BusError) {
        try bus.pass("setAlternateSetting")
        try await inner.setAlternateSetting(setting, of: interface)
    }
    func clearHalt(_ endpoint: EndpointAddress) async throws(BusError) {
        try bus.pass("clearHalt")
        try await inner.clearHalt(endpoint)
    }
    func reset() async throws(BusError) -> ResetOutcome {
        try bus.pass("reset")
        return try await inner.reset()
    }
    func makeTransfer(
        _ type: TransferType, on endpoint: EndpointAddress, maxPacketSize: Int, capacity: Int
    ) throws(BusError) -> BusTransfer {
        try bus.pass("makeTransfer")
        return FailingTransfer(
            try inner.makeTransfer(
                type, on: endpoint, maxPacketSize: maxPacketSize, capacity: capacity), of: bus)
    }
    func close() async {
        await inner.close()
        bus.closed()
    }
}

/// A transfer over another one, whose memory it lends.
@safe private final class FailingTransfer: BusTransfer, @unchecked Sendable {
    // Sendable as its class is: touched on the loop alone.
    private let inner: BusTransfer
    private let bus: FailingBus

    init(_ inner: BusTransfer, of bus: FailingBus) {
        self.inner = inner
        self.bus = bus
        unsafe super.init(
            on: inner.loop, inner.type, endpoint: inner.endpoint, capacity: inner.capacity,
            memory: inner.memory)
    }

    override func begin(length: Int, zeroPacket: Bool) throws(BusError) {
        try bus.pass("submit to \(endpoint)")
        inner.setup = setup
        inner.handler = { [self] completion in
            inner.handler = nil
            complete(completion.status, length: completion.length)
        }
        do { try inner.submit(length: length, zeroPacket: zeroPacket) } catch {
            inner.handler = nil
            throw error
        }
    }

    override func requestCancel() { inner.cancel() }
}
