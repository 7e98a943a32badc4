import DriverRuntime
import USBTypes
import VirtualUSB

/// The device that most tests plug in: one vendor-specific interface with a bulk pipe each way and
/// an interrupt pipe; a second setting of it has the bulk IN pipe alone, with shorter packets.
///
/// It does by itself nothing but answer vendor requests 1 (echo of the value) and refuse the
/// others.
actor Gadget: VirtualDevice {
    nonisolated let port: DevicePort
    private(set) var writes: [[UInt8]] = []
    private(set) var settings: [UInt8] = []
    private var takesWrites = true
    private var waiting: [Resumption<Void>] = []

    init(port: DevicePort) { self.port = port }

    nonisolated var description: DeviceDescription {
        DeviceDescription(
            vendor: 0x1209, product: 0x0001, manufacturer: "Driver Foundation", name: "Gadget",
            supportsRemoteWakeup: true
        ) {
            Interface(.vendorSpecific) {
                Endpoint.bulkOut(0x01)
                Endpoint.bulkIn(0x82)
                Endpoint.interruptIn(0x83, maxPacketSize: 8, every: .milliseconds(1))
                AlternateSetting { Endpoint.bulkIn(0x82) }
            }
        }
    }

    func received(_ bytes: RawSpan, on endpoint: EndpointAddress) async {
        writes.append(bytes.copy())
        while !takesWrites { await Resumption.wait { waiting.append($0) } }
    }

    func control(_ setup: SetupPacket, _ data: inout ControlData) async throws(Stall) {
        guard setup.request == 1 else { throw Stall() }
        if setup.direction == .in { data.append(UInt8(truncatingIfNeeded: setup.value)) }
    }

    func interfaceSelected(_ interface: UInt8, _ setting: UInt8) async { settings.append(setting) }

    /// Answers NAK to what comes after the write being dealt with.
    func holdWrites() { takesWrites = false }

    func takeWrites() {
        takesWrites = true
        for resumption in waiting { resumption.resume() }
        waiting = []
    }

    @discardableResult
    func send(_ bytes: [UInt8], on endpoint: EndpointAddress = 0x82) async -> Bool {
        await port.send(bytes, on: endpoint)
    }
}
