/// The root of a device's capabilities, which came with USB 2.1 and 3.0 (USB 3.2 §9.6.2).
public struct BOSDescriptor: USBDescriptor {
    /// `bNumDeviceCaps` as declared, which `capabilities` should agree with.
    public var capabilityCount: UInt8
    /// The capabilities in order.
    public var capabilities: [DeviceCapability]
    /// Bytes past the five that the specification gives.
    public var extra: [UInt8] = []

    /// A BOS with `capabilityCount` as there are `capabilities`.
    public init(_ capabilities: [DeviceCapability]) {
        capabilityCount = UInt8(clamping: capabilities.count)
        self.capabilities = capabilities
    }

    /// Reads a BOS: `wTotalLength` bytes, all of which must be there.
    ///
    /// - Throws: `truncated`, `wrongType`, `tooShort`, also of a capability in it;
    ///   `wrongTotalLength`.
    public init(from cursor: inout DescriptorCursor) throws(DescriptorError) {
        let raw = try cursor.next(.bos, minimum: 5)
        capabilityCount = raw.uint8(4)
        extra = raw.rest(from: 5)
        capabilities = []
        var content = try cursor.content(of: raw)
        while content.remaining > 0 {
            capabilities.append(try DeviceCapability(from: &content))
        }
    }

    /// Writes the five bytes, `extra` and the capabilities.
    public func append(to bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.appendDescriptor(.bos, extra: extra) { bytes in
            bytes.append(uint16: 0)
            bytes.append(capabilityCount)
        }
        for capability in capabilities { capability.append(to: &bytes) }
        bytes.setTotalLength(ofDescriptorAt: start)
    }
}
