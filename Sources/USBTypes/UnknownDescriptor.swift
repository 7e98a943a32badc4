/// A descriptor kept as bytes, because a class or a vendor defines it or nobody we know of.
public struct UnknownDescriptor: USBDescriptor {
    /// `bDescriptorType`.
    public var type: DescriptorType
    /// What follows the type byte: at most 253 bytes.
    public var payload: [UInt8]

    /// A descriptor of `type` with `payload` after its two first bytes.
    public init(_ type: DescriptorType, _ payload: [UInt8]) {
        guard payload.count <= 253 else {
            fatalError("A descriptor's payload has at most 253 bytes, not \(payload.count).")
        }
        self.type = type
        self.payload = payload
    }

    /// Reads the next descriptor, of whatever type.
    ///
    /// - Throws: `truncated` or `tooShort`.
    public init(from cursor: inout DescriptorCursor) throws(DescriptorError) {
        let offset = cursor.offset
        guard let raw = try cursor.next() else {
            throw DescriptorError(.truncated(needed: 2, available: 0), at: offset, in: nil)
        }
        type = raw.type
        payload = raw.rest(from: 2)
    }

    /// Writes `bLength`, the type and the payload.
    public func append(to bytes: inout [UInt8]) {
        bytes.appendDescriptor(type, extra: payload) { _ in }
    }
}
