package import USBTypes
package import VirtualUSB

/// Sends back on 0x81 what it gets on 0x01, never sends on 0x82, and answers a vendor request.
package actor EchoDevice: VirtualDevice {
    package nonisolated let port: DevicePort

    package init(port: DevicePort) { self.port = port }

    package nonisolated var description: DeviceDescription {
        DeviceDescription(
            vendor: 0x1209, product: 0x0001, manufacturer: "Driver Foundation", name: "Echo",
            serial: "0001"
        ) {
            Interface(.vendorSpecific) {
                Endpoint.bulkOut(0x01)
                Endpoint.bulkIn(0x81)
                Endpoint.interruptIn(0x82, maxPacketSize: 8, every: .milliseconds(8))
            }
        }
    }

    package func received(_ bytes: RawSpan, on endpoint: EndpointAddress) async {
        await port.send(bytes, on: 0x81)
    }

    package func control(_ setup: SetupPacket, _ data: inout ControlData) async throws(Stall) {
        guard setup.request == 1, setup.direction == .in else { throw Stall() }
        data.append(contentsOf: [0xDF, 0x01])
    }
}
