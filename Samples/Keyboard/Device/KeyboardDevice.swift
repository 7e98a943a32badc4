public import USBTypes
public import VirtualUSB

/// A keyboard with nobody at it: types a sentence by itself once a host has configured it.
///
/// It speaks HID's boot protocol (HID 1.11 appendix B.1), so any host's own driver takes it.
public actor KeyboardDevice: VirtualDevice {
    /// Where it is plugged in.
    public nonisolated let port: DevicePort
    private let strokes: [Keystroke]
    private let pace: Duration
    private let observe: @Sendable (UInt8) -> Void
    private var idle: UInt8 = 0
    /// 0 for the boot protocol, 1 for the report protocol, which is in force at first.
    private var protocolInForce: UInt8 = 1
    private var report = Keystroke.none.report
    /// The lights that the host has switched on: bit 0 Num Lock, 1 Caps Lock, 2 Scroll Lock.
    public private(set) var lights: UInt8 = 0 {
        didSet { if lights != oldValue { observe(lights) } }
    }

    /// A keyboard that types `text`; characters that a US keyboard has not are left out, and ⇪ is
    /// the Caps Lock key.
    ///
    /// - Parameters:
    ///   - pace: The time between a key's press and its release, and until the next key.
    ///   - observe: Told of the lights whenever they change.
    public init(
        port: DevicePort, typing text: String, pace: Duration = .milliseconds(20),
        observe: @escaping @Sendable (UInt8) -> Void = { _ in }
    ) {
        self.port = port
        self.pace = pace
        self.observe = observe
        strokes = text.unicodeScalars.compactMap(Keystroke.init)
    }

    /// One HID interface.
    public nonisolated var description: DeviceDescription {
        DeviceDescription(
            vendor: 0x1209, product: 0x7058, manufacturer: "Driver Foundation",
            name: "Typing keyboard", speed: .full
        ) {
            Interface(.bootKeyboard) {
                HIDReports(KeyboardReports.descriptor)
                Endpoint.interruptIn(0x81, maxPacketSize: 8, every: .milliseconds(10))
                Endpoint.interruptOut(0x01, maxPacketSize: 8, every: .milliseconds(10))
            }
        }
    }

    /// Begins to type.
    public func configured(_ value: UInt8) async {
        if value != 0 { port.task { await self.type() } }
    }

    /// The lights, by output report.
    public func received(_ bytes: RawSpan, on endpoint: EndpointAddress) async {
        lights = bytes.byte(at: 0) ?? lights
    }

    /// HID's class requests (HID 1.11 §7.2).
    public func control(_ setup: SetupPacket, _ data: inout ControlData) async throws(Stall) {
        guard setup.kind == .class, setup.recipient == .interface else { throw Stall() }
        switch (KeyboardReports.Request(rawValue: setup.request), setup.direction) {
        case (.getReport, .in):
            data.append(contentsOf: setup.value >> 8 == 2 ? [lights] : report)
        case (.getIdle, .in): data.append(idle)
        case (.getProtocol, .in): data.append(protocolInForce)
        case (.setReport, .out): lights = data.bytes.first ?? lights
        case (.setIdle, .out): idle = UInt8(setup.value >> 8)
        case (.setProtocol, .out): protocolInForce = setup.value == 0 ? 0 : 1
        default: throw Stall()
        }
    }

    private func type() async {
        for stroke in strokes {
            for next in [stroke, .none] {
                guard await port.clock.wait(for: pace) else { return }
                report = next.report
                guard await port.send(report, on: 0x81) else { return }
            }
        }
    }
}
