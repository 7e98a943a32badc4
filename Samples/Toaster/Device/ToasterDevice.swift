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
    private var heat: UInt8 = 0
    private var isToasting = false

    /// A cold toaster that browns a slice in `slice` at full heat.
    public init(port: DevicePort, slice: Duration = .seconds(3)) {
        self.port = port
        self.slice = slice
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
        var brown = 0
        while brown < 255, heat > 0 {
            guard await port.clock.wait(for: slice / 60) else { break }
            brown = min(255, brown + 1 + 5 * Int(heat) / 255)
            await port.send([UInt8(brown)], on: 0x81)
        }
        isToasting = false
    }
}
