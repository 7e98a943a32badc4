import VirtualUSB

actor EchoDevice: VirtualDevice {
    nonisolated let port: DevicePort
    init(port: DevicePort) { self.port = port }
    nonisolated var description: DeviceDescription {
        DeviceDescription(vendor: 0x1209, product: 1) { Interface(.bulkOut(1), .bulkIn(0x81)) }
    }
    func received(_ bytes: RawSpan, on endpoint: EndpointAddress) async {
        await port.send(bytes, on: 0x81)
    }
}
