/// A descriptor as a value: read from any bytes with a check, written back without a loss.
///
/// Encoding what was parsed gives the same bytes: a descriptor longer than its specification has
/// it keeps the additional bytes in `extra`, reserved bits stay as they came, and counts that do
/// not agree with what follows are kept as they were declared.
public protocol USBDescriptor: Hashable, Sendable {
    /// Reads the descriptor at the cursor, and the descriptors that belong to it, and moves the
    /// cursor past them.
    ///
    /// - Throws: `DescriptorError` with offsets from the cursor's beginning.
    init(from cursor: inout DescriptorCursor) throws(DescriptorError)

    /// Writes the descriptor, and those that belong to it, at the end of `bytes`.
    ///
    /// A descriptor that the program made longer than its length field can say traps.
    func append(to bytes: inout [UInt8])
}

extension USBDescriptor {
    /// Reads the descriptor at the beginning of `bytes`; what follows it is left alone.
    ///
    /// - Throws: `DescriptorError` if the bytes are not such a descriptor.
    public init(bytes: RawSpan) throws(DescriptorError) {
        var cursor = DescriptorCursor(bytes)
        try self.init(from: &cursor)
    }

    /// Reads the descriptor at the beginning of `bytes`; what follows it is left alone.
    ///
    /// - Throws: `DescriptorError` if the bytes are not such a descriptor.
    public init(bytes: [UInt8]) throws(DescriptorError) {
        // `bytes` is unsafe for elements with padding, of which a byte has none.
        try self.init(bytes: unsafe bytes.span.bytes)
    }

    /// The descriptor, and those that belong to it, as they stand on the wire.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }
}

extension [UInt8] {
    /// Appends the two bytes of `value`, little endian as on the bus.
    mutating func append(uint16 value: UInt16) {
        append(UInt8(truncatingIfNeeded: value))
        append(UInt8(truncatingIfNeeded: value >> 8))
    }

    /// Appends the four bytes of `value`, little endian as on the bus.
    mutating func append(uint32 value: UInt32) {
        append(uint16: UInt16(truncatingIfNeeded: value))
        append(uint16: UInt16(truncatingIfNeeded: value >> 16))
    }

    /// Appends one descriptor: its length and type, what `fields` writes, and `extra`.
    mutating func appendDescriptor(
        _ type: DescriptorType, extra: [UInt8] = [], fields: (inout [UInt8]) -> Void
    ) {
        let start = count
        append(contentsOf: [0, type.rawValue])
        fields(&self)
        append(contentsOf: extra)
        guard count - start <= 255 else {
            fatalError("A \(type) descriptor has at most 255 bytes, not \(count - start).")
        }
        self[start] = UInt8(count - start)
    }

    /// Writes the bytes from `start` to the end as `wTotalLength` of the descriptor at `start`.
    mutating func setTotalLength(ofDescriptorAt start: Int) {
        let total = count - start
        guard total <= 0xFFFF else {
            fatalError("A descriptor set has at most 65535 bytes, not \(total).")
        }
        self[start + 2] = UInt8(truncatingIfNeeded: total)
        self[start + 3] = UInt8(truncatingIfNeeded: total >> 8)
    }
}
