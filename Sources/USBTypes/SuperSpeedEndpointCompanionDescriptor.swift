/// What a SuperSpeed endpoint has beyond its endpoint descriptor (USB 3.2 §9.6.7).
public struct SuperSpeedEndpointCompanionDescriptor: USBDescriptor {
    /// Packets in one burst, less one: 0…15 (`bMaxBurst`).
    public var maxBurst: UInt8
    /// `bmAttributes` as it stands: streams of a bulk, `Mult` of an isochronous endpoint.
    public var attributes: UInt8
    /// Bytes a periodic endpoint moves in each service interval (`wBytesPerInterval`).
    public var bytesPerInterval: UInt16
    /// Bytes past the six that the specification gives.
    public var extra: [UInt8] = []

    /// A companion of these fields.
    public init(maxBurst: UInt8 = 0, attributes: UInt8 = 0, bytesPerInterval: UInt16 = 0) {
        self.maxBurst = maxBurst
        self.attributes = attributes
        self.bytesPerInterval = bytesPerInterval
    }

    /// Reads a companion.
    ///
    /// - Throws: `truncated`, `wrongType` or `tooShort`.
    public init(from cursor: inout DescriptorCursor) throws(DescriptorError) {
        let raw = try cursor.next(.superSpeedEndpointCompanion, minimum: 6)
        maxBurst = raw.uint8(2)
        attributes = raw.uint8(3)
        bytesPerInterval = raw.uint16(4)
        extra = raw.rest(from: 6)
    }

    /// Writes the six bytes and `extra`.
    public func append(to bytes: inout [UInt8]) {
        bytes.appendDescriptor(.superSpeedEndpointCompanion, extra: extra) { bytes in
            bytes.append(contentsOf: [maxBurst, attributes])
            bytes.append(uint16: bytesPerInterval)
        }
    }

    /// Streams of a bulk endpoint: 0 for none, else a power of two up to 65536; 0 as well for an
    /// exponent above 16.
    public var maxStreams: Int {
        let exponent = Int(attributes & 0x1F)
        return 1...16 ~= exponent ? 1 << exponent : 0
    }
}
