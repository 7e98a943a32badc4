import USBTypes
import VirtualUSB

/// What the kernel's usbtest drives: zeros from 0x81, anything to 0x01, and a buffer behind the
/// vendor requests 0x5B and 0x5C. Its ids are those by which usbtest knows such a device.
actor SourceSinkDevice: VirtualDevice {
    nonisolated let port: DevicePort
    private var buffer: [UInt8] = []

    init(port: DevicePort) { self.port = port }

    nonisolated var description: DeviceDescription {
        DeviceDescription(vendor: 0x0525, product: 0xA4A0, name: "Source and sink") {
            Interface(.vendorSpecific) {
                Endpoint.bulkIn(0x81)
                Endpoint.bulkOut(0x01)
            }
        }
    }

    func transmit(upTo length: Int, on endpoint: EndpointAddress) async {
        // Nothing, when whoever asked has cancelled meanwhile: an empty message would be a packet.
        guard length > 0 else { return }
        await port.send([UInt8](repeating: 0, count: length), on: endpoint)
    }

    func control(_ setup: SetupPacket, _ data: inout ControlData) async throws(Stall) {
        switch (setup.request, setup.direction) {
        case (0x5B, .out): buffer = data.bytes
        case (0x5C, .in): data.append(contentsOf: buffer.prefix(data.length))
        default: throw Stall()
        }
    }
}
