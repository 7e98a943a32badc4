public import USBTypes

/// An endpoint of a virtual device, as its description lists it.
///
/// Packet size and interval follow the device's speed unless they are given.
public struct Endpoint: Sendable {
    let address: EndpointAddress
    let type: TransferType
    let maxPacketSize: Int?
    let interval: Duration?
    let descriptors: [UnknownDescriptor]

    /// An endpoint of any type, for what the four usual ones below do not say.
    ///
    /// - Parameters:
    ///   - maxPacketSize: Bytes in one packet; `nil` for the most that the speed allows (64 for an
    ///     interrupt endpoint, where bandwidth is reserved by it).
    ///   - interval: The time from poll to poll of an interrupt or isochronous endpoint, rounded
    ///     down to what the speed can express.
    ///   - descriptors: Class-specific descriptors behind it.
    public init(
        _ address: EndpointAddress, _ type: TransferType, maxPacketSize: Int? = nil,
        every interval: Duration? = nil, descriptors: [UnknownDescriptor] = []
    ) {
        self.address = address
        self.type = type
        self.maxPacketSize = maxPacketSize
        self.interval = interval
        self.descriptors = descriptors
    }

    /// Bulk, device to host.
    public static func bulkIn(_ address: EndpointAddress, maxPacketSize: Int? = nil) -> Endpoint {
        Endpoint(address, .bulk, maxPacketSize: maxPacketSize)
    }

    /// Bulk, host to device.
    public static func bulkOut(_ address: EndpointAddress, maxPacketSize: Int? = nil) -> Endpoint {
        Endpoint(address, .bulk, maxPacketSize: maxPacketSize)
    }

    /// Interrupt, device to host.
    public static func interruptIn(
        _ address: EndpointAddress, maxPacketSize: Int? = nil,
        every interval: Duration = .milliseconds(10)
    ) -> Endpoint {
        Endpoint(address, .interrupt, maxPacketSize: maxPacketSize, every: interval)
    }

    /// Interrupt, host to device.
    public static func interruptOut(
        _ address: EndpointAddress, maxPacketSize: Int? = nil,
        every interval: Duration = .milliseconds(10)
    ) -> Endpoint {
        Endpoint(address, .interrupt, maxPacketSize: maxPacketSize, every: interval)
    }

    /// The descriptor at `speed`.
    func descriptor(at speed: Speed) -> EndpointDescriptor {
        let size = min(max(maxPacketSize ?? usualPacketSize(at: speed), 0), 0x7FF)
        let companion =
            speed >= .super
            ? SuperSpeedEndpointCompanionDescriptor(
                bytesPerInterval: type == .interrupt || type == .isochronous
                    ? UInt16(clamping: size) : 0)
            : nil
        return EndpointDescriptor(
            address, type, maxPacketSize: size, interval: encodedInterval(at: speed),
            companion: companion, descriptors: descriptors)
    }

    private func usualPacketSize(at speed: Speed) -> Int {
        switch (type, speed) {
        case (_, .low): 8
        case (.interrupt, _), (_, .full): 64
        case (.bulk, .high), (.control, .high): type == .control ? 64 : 512
        default: speed >= .super && type == .control ? 512 : 1024
        }
    }

    /// `bInterval`: milliseconds below high speed, else the power of two of 125 µs, plus one.
    private func encodedInterval(at speed: Speed) -> UInt8 {
        guard let interval, type == .interrupt || type == .isochronous else { return 0 }
        let (seconds, attoseconds) = interval.components
        let microseconds =
            Int(clamping: seconds).multipliedReportingOverflow(by: 1_000_000).partialValue
            + Int(attoseconds / 1_000_000_000_000)
        if type == .interrupt, speed <= .full {
            return UInt8(clamping: max(1, microseconds / 1000))
        }
        let units = max(1, microseconds / (speed == .full ? 1000 : 125))
        let exponent = Int.bitWidth - 1 - units.leadingZeroBitCount
        return UInt8(min(exponent, 15) + 1)
    }
}
