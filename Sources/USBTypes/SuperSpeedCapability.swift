/// How a device runs at SuperSpeed (USB 3.2 §9.6.2.2).
public struct SuperSpeedCapability: Hashable, Sendable {
    static let type: UInt8 = 3

    /// `bmAttributes` as it stands; bit 1 for latency tolerance messages.
    public var attributes: UInt8
    /// One bit for each speed from low (bit 0) to 5 Gb/s (bit 3) (`wSpeedsSupported`).
    public var speeds: UInt16
    /// The lowest speed with all functions: 0 for low … 3 for 5 Gb/s (`bFunctionalitySupport`).
    public var fullFunctionSpeed: UInt8
    /// The longest way from U1 to U0 in microseconds (`bU1DevExitLat`).
    public var u1ExitLatency: UInt8
    /// The longest way from U2 to U0 in microseconds (`wU2DevExitLat`).
    public var u2ExitLatency: UInt16
    /// Bytes past the ten that the specification gives.
    public var extra: [UInt8] = []

    /// A capability of these fields; by default full, high and SuperSpeed, fully functional from
    /// full speed on.
    public init(
        attributes: UInt8 = 0, speeds: UInt16 = 0b1110, fullFunctionSpeed: UInt8 = 1,
        u1ExitLatency: UInt8 = 10, u2ExitLatency: UInt16 = 2047
    ) {
        self.attributes = attributes
        self.speeds = speeds
        self.fullFunctionSpeed = fullFunctionSpeed
        self.u1ExitLatency = u1ExitLatency
        self.u2ExitLatency = u2ExitLatency
    }

    init(_ raw: borrowing RawDescriptor) throws(DescriptorError) {
        try raw.require(10)
        attributes = raw.uint8(3)
        speeds = raw.uint16(4)
        fullFunctionSpeed = raw.uint8(6)
        u1ExitLatency = raw.uint8(7)
        u2ExitLatency = raw.uint16(8)
        extra = raw.rest(from: 10)
    }

    func append(to bytes: inout [UInt8]) {
        bytes.appendCapability(Self.type, extra: extra) { bytes in
            bytes.append(attributes)
            bytes.append(uint16: speeds)
            bytes.append(contentsOf: [fullFunctionSpeed, u1ExitLatency])
            bytes.append(uint16: u2ExitLatency)
        }
    }
}
