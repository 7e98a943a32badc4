import Foundation
import VirtualUSB

/// A lamp that follows its dimmer slowly.
package actor LampDevice: VirtualDevice {
    package nonisolated let port: DevicePort
    private let name = UUID().uuidString
    private var brightness = 0

    package init(port: DevicePort) { self.port = port }

    package nonisolated var description: DeviceDescription {
        DeviceDescription(vendor: 0x1209, product: 0x0010, manufacturer: "Example", name: "Lamp") {
            Interface(.vendorSpecific) {
                Endpoint.bulkOut(0x01)
                Endpoint.interruptIn(0x81, maxPacketSize: 8, every: .milliseconds(10))
            }
        }
    }

    package func received(_ bytes: RawSpan, on endpoint: EndpointAddress) async {
        guard let wish = bytes.byte(at: 0).map(Int.init) else { return }
        port.task { await self.follow(wish) }
    }

    package func control(_ setup: SetupPacket, _ data: inout ControlData) async throws(Stall) {
        guard setup.requestType == 0xC0, setup.request == 1 else { throw Stall() }
        data.append(contentsOf: name.utf8)
    }

    private func follow(_ wish: Int) async {
        while brightness != wish {
            brightness += (wish - brightness).signum() * min(16, abs(wish - brightness))
            await port.send([UInt8(brightness)], on: 0x81)
            await port.clock.wait(for: .milliseconds(20))
        }
    }
}
