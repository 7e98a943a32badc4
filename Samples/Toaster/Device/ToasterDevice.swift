public import USBTypes
public import VirtualUSB

/// A toaster: toasts at the heat that it is sent, and reports how brown the slice is.
///
/// | endpoint | what |
/// |---|---|
/// | 0x02 bulk OUT | one byte: the heat, 0 (off) to 255; a heat above 0 starts a slice |
/// | 0x81 interrupt IN | one byte: how brown the slice is, 0 to 255 |
///
/// Vendor request 1, IN, one byte: the heat.
public actor ToasterDevice: VirtualDevice {
    /// Where it is plugged in.
    public nonisolated let port: DevicePort
    private let slice: Duration
    private let observe: @Sendable (Change) -> Void
    private var heat: UInt8 = 0
    private var brown = 0
    private var isToasting = false

    /// What somebody who looks at the toaster sees.
    public enum Change: Hashable, Sendable {
        /// The host has set the heat.
        case heat(UInt8)
        /// The slice has become this brown.
        case brown(UInt8)
    }

    /// A cold toaster that browns a slice in `slice` at full heat, and tells `observe` of each
    /// change.
    public init(
        port: DevicePort, slice: Duration = .seconds(3),
        observe: @escaping @Sendable (Change) -> Void = { _ in }
    ) {
        self.port = port
        self.slice = slice
        self.observe = observe
    }

    /// Two endpoints, one interface.
    public nonisolated var description: DeviceDescription {
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

    /// The heat.
    public func received(_ bytes: RawSpan, on endpoint: EndpointAddress) async {
        heat = bytes.byte(at: 0) ?? heat
        observe(.heat(heat))
        // The slice is out: the next one is white, however soon it comes.
        if heat == 0 { brown = 0 }
        guard heat > 0, !isToasting else { return }
        isToasting = true
        port.task { await self.toast() }
    }

    /// Tells the heat.
    public func control(_ setup: SetupPacket, _ data: inout ControlData) async throws(Stall) {
        guard setup.kind == .vendor, setup.direction == .in, setup.request == 1 else {
            throw Stall()
        }
        data.append(heat)
    }

    /// Browns one slice, more slowly with less heat, and reports each step until it is done or the
    /// heat is turned off.
    private func toast() async {
        brown = 0
        while brown < 255, heat > 0 {
            guard await port.clock.wait(for: slice / 60) else { break }
            guard heat > 0 else { break }
            brown = min(255, brown + 1 + 5 * Int(heat) / 255)
            observe(.brown(UInt8(brown)))
            await port.send([UInt8(brown)], on: 0x81)
        }
        isToasting = false
    }
}
