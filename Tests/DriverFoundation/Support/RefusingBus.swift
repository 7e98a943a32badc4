import DriverFoundation
import VirtualUSB

/// A virtual bus that refuses calls: what a kernel does to programs without rights, or that come
/// late. What it does not refuse it lets pass, and it lends an object of its own.
final class RefusingBus: USBBus {
    enum Call: CaseIterable { case open, setConfiguration, claim }

    let inner: VirtualBus
    let call: Call?
    let error: BusError
    private let opened: LoopConfined<Int>

    var loop: EventLoop { inner.loop }
    var name: String { inner.name }
    /// Devices that were opened and not closed.
    var openDevices: Int { opened.value }

    init(
        _ inner: VirtualBus, refusing call: Call? = nil,
        with error: BusError = BusError(.failed, "Nothing is refused.")
    ) {
        self.inner = inner
        self.call = call
        self.error = error
        opened = LoopConfined(on: inner.loop, 0)
    }

    func start(_ observer: @escaping @Sendable (BusEvent) -> Void) async throws(BusError) {
        try await inner.start(observer)
    }
    func rescan() async { await inner.rescan() }
    func stop() async { await inner.stop() }

    func open(_ id: AttachmentID) async throws(BusError) -> any BusDevice {
        if call == .open { throw error }
        let device = try await inner.open(id)
        opened.value += 1
        return Refusing(device, of: self)
    }

    private final class Refusing: BusDevice {
        let inner: any BusDevice
        let bus: RefusingBus
        var id: AttachmentID { inner.id }

        init(_ inner: any BusDevice, of bus: RefusingBus) {
            self.inner = inner
            self.bus = bus
        }

        func kernelDriver(of interface: UInt8) async -> String? { nil }
        func claim(_ interface: UInt8, detaching: Bool) async throws(BusError) {
            if bus.call == .claim { throw bus.error }
            try await inner.claim(interface, detaching: detaching)
        }
        func release(_ interface: UInt8) async { await inner.release(interface) }
        func setConfiguration(_ value: UInt8) async throws(BusError) {
            if bus.call == .setConfiguration { throw bus.error }
            try await inner.setConfiguration(value)
        }
        func setAlternateSetting(_ setting: UInt8, of interface: UInt8) async throws(BusError) {
            try await inner.setAlternateSetting(setting, of: interface)
        }
        func clearHalt(_ endpoint: EndpointAddress) async throws(BusError) {
            try await inner.clearHalt(endpoint)
        }
        func reset() async throws(BusError) -> ResetOutcome { try await inner.reset() }
        func makeTransfer(
            _ type: TransferType, on endpoint: EndpointAddress, maxPacketSize: Int, capacity: Int
        ) throws(BusError) -> BusTransfer {
            try inner.makeTransfer(
                type, on: endpoint, maxPacketSize: maxPacketSize, capacity: capacity)
        }
        func lend(_ body: (borrowing LentBusDevice) -> Void) throws(BusError) {
            guard let object = unsafe OpaquePointer(bitPattern: 4096) else { return }
            body(unsafe LentBusDevice(object, of: "a test"))
        }
        func close() async {
            await inner.close()
            bus.opened.value -= 1
        }
    }
}
