import VirtualUSB

/// A toaster that exists in memory: its heat comes in on a bulk pipe, its browning goes out as
/// interrupt reports.
package actor ToasterDevice: VirtualDevice {
    package nonisolated let port: DevicePort
    private let observe: @Sendable (Change) -> Void
    private var heat: UInt8 = 0
    private var browning = 0
    private var isHeating = false

    package enum Change: Sendable, Hashable {
        case heat(UInt8)
        case browning(UInt8)
    }

    package init(port: DevicePort, observe: @escaping @Sendable (Change) -> Void = { _ in }) {
        self.port = port
        self.observe = observe
    }

    package nonisolated var description: DeviceDescription {
        DeviceDescription(
            vendor: 0x1209, product: 0x7057, manufacturer: "Driver Foundation", name: "Toaster",
            serial: "0001"
        ) {
            Interface(.vendorSpecific) {
                Endpoint.bulkOut(0x02)
                Endpoint.interruptIn(0x81, maxPacketSize: 8, every: .milliseconds(10))
            }
        }
    }

    package func received(_ bytes: RawSpan, on endpoint: EndpointAddress) async {
        guard let heat = bytes.byte(at: 0) else { return }
        self.heat = heat
        observe(.heat(heat))
        // The slice is out; the next one is white.
        if heat == 0 { browning = 0 }
        guard heat > 0, !isHeating else { return }
        isHeating = true
        port.task { await self.toast() }
    }

    private func toast() async {
        while heat > 0, browning < 255 {
            await port.clock.wait(for: .milliseconds(50))
            browning = min(255, browning + Int(heat) / 16)
            observe(.browning(UInt8(browning)))
            await port.send([UInt8(browning)], on: 0x81)
        }
        isHeating = false
    }
}
