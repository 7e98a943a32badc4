import USBTypes
import VirtualUSB

actor EchoDevice: VirtualDevice {
    nonisolated let port: DevicePort
    init(port: DevicePort) { self.port = port }
    nonisolated var description: DeviceDescription {
        DeviceDescription(vendor: 0x1209, product: 0x0001, name: "Echo") {
            Interface(.vendorSpecific) {
                Endpoint.bulkOut(0x01); Endpoint.bulkIn(0x81)
            }
        }
    }
    func received(_ bytes: RawSpan, on _: EndpointAddress) async {
        await port.send(bytes, on: 0x81)
    }
}
