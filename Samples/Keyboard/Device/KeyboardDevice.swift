import VirtualUSB

/// A keyboard that exists in memory, speaks the boot protocol (HID 1.11 Appendix B) and types by
/// itself.
package actor KeyboardDevice: VirtualDevice {
    package nonisolated let port: DevicePort
    private let lights: @Sendable (UInt8) -> Void
    private var light: UInt8 = 0
    private var idleRate: UInt8 = 125
    private var isBootProtocol = false

    /// `lights` is told of the lights by bit: Num Lock, Caps Lock, Scroll Lock.
    package init(port: DevicePort, lights: @escaping @Sendable (UInt8) -> Void = { _ in }) {
        self.port = port
        self.lights = lights
    }

    package nonisolated var description: DeviceDescription {
        DeviceDescription(
            vendor: 0x1209, product: 0x7058, manufacturer: "Driver Foundation", name: "Keyboard",
            serial: "0001", speed: .full
        ) {
            Interface(.bootKeyboard) {
                HIDReports(Self.reportDescriptor)
                Endpoint.interruptIn(0x81, maxPacketSize: 8, every: .milliseconds(8))
            }
        }
    }

    package func control(_ setup: SetupPacket, _ data: inout ControlData) async throws(Stall) {
        switch (setup.requestType, setup.request) {
        case (0xA1, 0x01): data.append(contentsOf: [UInt8](repeating: 0, count: 8))
        case (0xA1, 0x02): data.append(idleRate)
        case (0xA1, 0x03): data.append(isBootProtocol ? 0 : 1)
        case (0x21, 0x09):
            guard let report = data.bytes.first, setup.value == 0x0200 else { throw Stall() }
            if report != light { lights(report) }
            light = report
        case (0x21, 0x0A): idleRate = UInt8(setup.value >> 8)
        case (0x21, 0x0B) where setup.value <= 1: isBootProtocol = setup.value == 0
        default: throw Stall()
        }
    }

    /// Presses and releases the keys of `text`, one after the other; ⇪ is the Caps Lock key.
    ///
    /// - Returns: `false` if the host did not take all of it.
    package func type(_ text: String, pause: Duration) async -> Bool {
        for character in text {
            guard let stroke = Self.stroke(for: character) else { continue }
            let shift: UInt8 = stroke.isShifted ? 0x02 : 0
            let press: [UInt8] = [shift, 0, stroke.usage, 0, 0, 0, 0, 0]
            guard await port.send(press, on: 0x81) else { return false }
            await port.clock.wait(for: pause)
            guard await port.send([UInt8](repeating: 0, count: 8), on: 0x81) else { return false }
            await port.clock.wait(for: pause)
        }
        return true
    }

    private static func stroke(for character: Character) -> (usage: UInt8, isShifted: Bool)? {
        // By usage from 0x04 on (HID Usage Tables §10); the second row needs shift.
        let rows = [
            "abcdefghijklmnopqrstuvwxyz1234567890\n\u{1B}\u{8}\t -=[]\\#;'`,./⇪",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ!@#$%^&*()\u{0}\u{0}\u{0}\u{0}\u{0}_+{}|\u{0}:\"~<>?",
        ]
        for (row, keys) in rows.enumerated().reversed() {
            guard let index = Array(keys).firstIndex(of: character) else { continue }
            return (UInt8(index + 4), row == 1)
        }
        return nil
    }

    /// Eight modifiers, a reserved byte, six keys; five lights and their padding.
    private static let reportDescriptor: [UInt8] = [
        0x05, 0x01, 0x09, 0x06, 0xA1, 0x01,  // generic desktop, keyboard, application
        0x05, 0x07, 0x19, 0xE0, 0x29, 0xE7, 0x15, 0x00, 0x25, 0x01,  // modifiers, 0…1
        0x75, 0x01, 0x95, 0x08, 0x81, 0x02,  // eight bits, input
        0x95, 0x01, 0x75, 0x08, 0x81, 0x01,  // a constant byte
        0x95, 0x05, 0x75, 0x01, 0x05, 0x08, 0x19, 0x01, 0x29, 0x05, 0x91, 0x02,  // lights, output
        0x95, 0x01, 0x75, 0x03, 0x91, 0x01,  // three constant bits
        0x95, 0x06, 0x75, 0x08, 0x15, 0x00, 0x26, 0xFF, 0x00,  // six bytes, 0…255
        0x05, 0x07, 0x19, 0x00, 0x2A, 0xFF, 0x00, 0x81, 0x00, 0xC0,  // keys, input; end
    ]
}
