import DriverFoundation

extension DeviceInterfaceClass {
    /// A keyboard.
    package static let keyboard: DeviceInterfaceClass = "org.driver-foundation.keyboard"
}

/// One key pressed or released; a read gives as many as fit, four bytes each.
package struct KeyEvent: Sendable, Hashable {
    /// Which key (HID Usage Tables §10); modifiers are 0xE0…0xE7.
    package var usage: UInt8
    package var isDown: Bool
    /// The modifiers held, by bit: control, shift, alt, GUI, left ones first.
    package var modifiers: UInt8
    package var isCapsLocked: Bool

    var bytes: [UInt8] { [usage, isDown ? 1 : 0, modifiers, isCapsLocked ? 1 : 0] }
}

/// The driver of a keyboard that speaks the boot protocol (HID 1.11 Appendix B): reports come in,
/// key events go to whoever reads, and the Caps Lock key switches its light.
package actor Keyboard: FunctionDriver {
    package static let matches: [DeviceMatch] = [.interface(.bootKeyboard)]
    private static let capsLock: UInt8 = 0x39

    package nonisolated let device: Device
    private let readers: RequestQueue
    private var interface: UInt8 = 0
    private var reports: ContinuousReader?
    private var lights: USBPipe?
    private var held: [UInt8] = []
    private var modifiers: UInt8 = 0
    private var isCapsLocked = false
    private var unread: [KeyEvent] = []

    package init(device: Device) async throws(DeviceError) {
        self.device = device
        readers = device.queue(.manual, taking: [.read])
        device.register(.keyboard)
        readers.whenReady(for: self) { driver, _ in driver.deliver() }
    }

    package func prepareHardware() async throws(DeviceError) {
        let keyboard = device.interfaces.first { $0.classCode == .bootKeyboard }
        let endpoints = keyboard?.endpoints.filter { $0.transferType == .interrupt } ?? []
        guard let keyboard, let input = endpoints.first(where: { $0.address.direction == .in })
        else { throw DeviceError(.deviceData, "The keyboard has no interrupt IN endpoint.") }
        interface = keyboard.number
        reports = try await device.pipe(input.address).continuousReader(for: self) {
            $0.received($1)
        }
        if let output = endpoints.first(where: { $0.address.direction == .out }) {
            lights = try await device.pipe(output.address)
        }
    }

    package func enterD0(from previous: PowerState) async throws(DeviceError) {
        try await request(.setProtocol, value: 0)
        // Report changes alone; many keyboards refuse, and then repeat themselves.
        try? await request(.setIdle, value: 0)
        try? await showLights()
        reports?.start()
    }

    package func exitD0(to next: PowerState) async { await reports?.stop() }

    private func received(_ report: RawSpan) {
        guard let modifiers = report.byte(at: 0) else { return }
        let changed = modifiers ^ self.modifiers
        self.modifiers = modifiers
        for bit in UInt8(0)..<8 where changed >> bit & 1 == 1 {
            note(0xE0 + bit, isDown: modifiers >> bit & 1 == 1)
        }
        let keys = (2..<8).compactMap { report.byte(at: $0) }.filter { $0 != 0 }
        // 1…3 say that too many keys are held to tell which (Appendix C): what was held counts on.
        if !keys.contains(where: { $0 <= 3 }) {
            for key in held where !keys.contains(key) { note(key, isDown: false) }
            for key in keys where !held.contains(key) { note(key, isDown: true) }
            held = keys
        }
        deliver()
    }

    private func note(_ usage: UInt8, isDown: Bool) {
        if usage == Self.capsLock, isDown {
            isCapsLocked.toggle()
            device.task { try? await self.showLights() }
        }
        // Nobody reads: the oldest are forgotten.
        if unread.count == 256 { unread.removeFirst() }
        unread.append(
            KeyEvent(
                usage: usage, isDown: isDown, modifiers: modifiers, isCapsLocked: isCapsLocked))
    }

    private func deliver() {
        while !unread.isEmpty, let request = readers.next() {
            let events = unread.prefix(request.outputCapacity / 4)
            if events.isEmpty {
                request.fail(DeviceError(.bufferTooSmall, "A key event takes four bytes."))
                continue
            }
            unread.removeFirst(events.count)
            request.complete(with: events.flatMap(\.bytes))
        }
    }

    private func showLights() async throws(DeviceError) {
        let report: [UInt8] = [isCapsLocked ? 2 : 0]
        if let lights {
            try await lights.write(report)
        } else {
            try await request(.setReport, value: 0x0200, report)
        }
    }

    private func request(
        _ code: HIDRequest, value: UInt16, _ bytes: [UInt8] = []
    ) async throws(DeviceError) {
        try await device.controlWrite(
            SetupPacket(
                requestType: 0x21, request: code.rawValue, value: value, index: UInt16(interface),
                length: UInt16(bytes.count)), bytes)
    }

    /// What is asked of a HID's interface (HID 1.11 §7.2).
    private enum HIDRequest: UInt8 { case setReport = 9, setIdle = 10, setProtocol = 11 }
}
