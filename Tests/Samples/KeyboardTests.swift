import DriverFoundation
import DriverSimulation
import KeyboardClient
import KeyboardDevice
import KeyboardDriver
import Testing
import VirtualUSB

/// A keyboard whose reports the test writes.
actor ScriptedKeyboard: VirtualDevice {
    nonisolated let port: DevicePort
    private let reports: [[UInt8]]
    private var requests: [UInt8] = []
    private let observe: @Sendable (SetupPacket, [UInt8]) -> Void

    init(
        port: DevicePort, reports: [[UInt8]],
        observe: @escaping @Sendable (SetupPacket, [UInt8]) -> Void = { _, _ in }
    ) {
        self.port = port
        self.reports = reports
        self.observe = observe
    }

    nonisolated var description: DeviceDescription {
        DeviceDescription(vendor: 0x1209, product: 0x7058, speed: .low) {
            Interface(.bootKeyboard) {
                HIDReports([0xC0])
                Endpoint.interruptIn(0x82, maxPacketSize: 8)
            }
        }
    }

    func control(_ setup: SetupPacket, _ data: inout ControlData) async throws(Stall) {
        observe(setup, data.bytes)
        // As many cheap keyboards do.
        if setup.request == 0x0A { throw Stall() }
    }

    func configured(_ value: UInt8) async {
        port.task { for report in self.reports { await self.port.send(report, on: 0x82) } }
    }
}

@Suite struct KeyboardTests {
    /// What the driver makes of `count` key events of a device.
    private func keys<Device: VirtualDevice>(
        _ count: Int, seed: UInt64 = 1, _ device: @escaping @Sendable (DevicePort) -> Device
    ) throws -> [Key] {
        try Simulation.run(seed: seed) { simulation in
            let bus = VirtualBus(on: simulation.loop)
            let plugAndPlay = PlugAndPlay(on: bus, drivers: [Keyboard.self])
            try await plugAndPlay.start()
            _ = try await bus.plug(device)
            let client = try await KeyboardClient(plugAndPlay.interfaces)
            var keys: [Key] = []
            while keys.count < count { keys += try await client.next() }
            await client.close()
            await plugAndPlay.stop()
            return keys
        }.value
    }

    @Test(
        "every character of a US keyboard comes out as it was typed",
        arguments: 0..<20 as Range<UInt64>)
    func characters(seed: UInt64) throws {
        let text =
            (0x20...0x7E).map { String(UnicodeScalar(UInt8($0))) }.joined() + "\t\n"
        let strokes = text.count
        let shifted = text.filter { $0.isUppercase || "!\"#$%&()*+:<>?@^_{|}~".contains($0) }.count
        let keys = try keys(2 * (strokes + shifted), seed: seed) {
            KeyboardDevice(port: $0, typing: text)
        }
        #expect(String(keys.compactMap(\.character)) == text)
        #expect(keys.filter(\.isDown).count == keys.filter { !$0.isDown }.count)
    }

    @Test("Caps Lock turns letters alone, and shift turns them back")
    func capsLock() throws {
        let keys = try keys(2 * (7 + 1)) { KeyboardDevice(port: $0, typing: "a⇪a1A⇪a") }
        #expect(String(keys.compactMap(\.character)) == "aA1aa")
    }

    @Test("HID 1.11 Appendix C: while too many keys are held to tell, what was held counts on")
    func rollover() throws {
        let keys = try keys(7) {
            ScriptedKeyboard(
                port: $0,
                reports: [
                    [0, 0, 4, 0, 0, 0, 0, 0],
                    [2, 0, 1, 1, 1, 1, 1, 1],
                    [2, 0, 4, 5, 0, 0, 0, 0],
                    [0, 0, 0, 0, 0, 0, 0, 0],
                    [0, 0, 6, 0, 0, 0, 0, 0],
                ])
        }
        #expect(
            keys == [
                Key(usage: 4, isDown: true), Key(usage: 0xE1, isDown: true, modifiers: 2),
                Key(usage: 5, isDown: true, modifiers: 2), Key(usage: 0xE1, isDown: false),
                Key(usage: 4, isDown: false), Key(usage: 5, isDown: false),
                Key(usage: 6, isDown: true),
            ])
    }

    @Test("nothing that a keyboard sends traps: reports cut short, doubled keys, unknown usages")
    func nonsense() throws {
        let keys = try keys(5) {
            ScriptedKeyboard(
                port: $0,
                reports: [
                    [], [0], [0, 0], [0, 0, 0xFF, 0xFF], [0, 0, 0], [0, 0, 4, 0, 0, 0, 0, 0],
                ])
        }
        #expect(keys.last == Key(usage: 4, isDown: true))
        #expect(keys.first?.character == nil)
    }

    @Test("without an OUT endpoint the lights are set by SET_REPORT; a refused SET_IDLE is borne")
    func lights() throws {
        let requests = Notes<[UInt8]>()
        let keys = try keys(1) {
            ScriptedKeyboard(port: $0, reports: [[0, 0, 0x39, 0, 0, 0, 0, 0]]) { setup, bytes in
                requests.add([setup.request] + bytes)
            }
        }
        #expect(keys.first?.isCapsLocked == true)
        #expect(requests.all == [[0x0B], [0x0A], [0x09, 0], [0x09, 2]])
    }

    @Test("a key held with control, alt or GUI types no character")
    func chords() {
        for modifiers: UInt8 in [0x01, 0x04, 0x08, 0x10, 0x40, 0x80] {
            #expect(Key(usage: 4, isDown: true, modifiers: modifiers).character == nil)
        }
        #expect(Key(usage: 4, isDown: true, modifiers: 0x22).character == "A")
        #expect(Key(usage: 0x59, isDown: true).character == "1")
        #expect(Key(usage: 0x27, isDown: true, modifiers: 0x20).character == ")")
        for usage in UInt8.min...UInt8.max { _ = Key(usage: usage, isDown: true).character }
    }
}
