/// One descriptor where it stands in lent bytes: `bLength` bytes, at least two.
public struct RawDescriptor: ~Escapable {
    /// The whole descriptor, `bLength` and `bDescriptorType` included.
    public let bytes: RawSpan
    /// Where it begins, in bytes from the start of what is parsed.
    public let offset: Int

    @_lifetime(copy bytes)
    init(bytes: RawSpan, offset: Int) {
        self.bytes = bytes
        self.offset = offset
    }

    /// `bDescriptorType`.
    public var type: DescriptorType { DescriptorType(rawValue: uint8(1)) }

    // A cursor hands out no descriptor shorter than the length its reader asked for, so the
    // zeros below stand for bytes that no parser of ours reads.

    func uint8(_ offset: Int) -> UInt8 { bytes.byte(at: offset) ?? 0 }
    func uint16(_ offset: Int) -> UInt16 { bytes.uint16(at: offset) ?? 0 }
    func uint32(_ offset: Int) -> UInt32 { bytes.uint32(at: offset) ?? 0 }

    /// The bytes from `offset` to the descriptor's end.
    func rest(from offset: Int) -> [UInt8] {
        guard offset < bytes.byteCount else { return [] }
        return bytes.extracting(offset..<bytes.byteCount).copy()
    }

    /// Throws unless `bLength` is at least `minimum`.
    func require(_ minimum: Int) throws(DescriptorError) {
        guard bytes.byteCount >= minimum else {
            throw DescriptorError(
                .tooShort(length: bytes.byteCount, minimum: minimum), at: offset, in: type)
        }
    }
}

/// Walks descriptors that stand one after the other, whatever bytes a device sent.
///
/// It never reads past the end and always ends: each step moves on by `bLength`, which is at
/// least 2, or throws and stays where it is.
public struct DescriptorCursor: ~Escapable {
    private let bytes: RawSpan
    private let base: Int
    private var position = 0

    /// Begins at the first byte of `bytes`.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) { self.init(bytes, base: 0) }

    @_lifetime(copy bytes)
    private init(_ bytes: RawSpan, base: Int) {
        self.bytes = bytes
        self.base = base
    }

    /// Where the next descriptor begins, in bytes from the start of what is parsed.
    public var offset: Int { base + position }

    /// Bytes from here to the end.
    public var remaining: Int { bytes.byteCount - position }

    /// The type of the next descriptor; `nil` at the end.
    ///
    /// - Throws: `truncated` if a single byte is left, which is no descriptor.
    public func peek() throws(DescriptorError) -> DescriptorType? {
        guard remaining > 0 else { return nil }
        guard let type = bytes.byte(at: position + 1) else {
            throw DescriptorError(.truncated(needed: 2, available: 1), at: offset, in: nil)
        }
        return DescriptorType(rawValue: type)
    }

    /// The next descriptor, of whatever type; `nil` at the end.
    ///
    /// - Throws: `tooShort` if `bLength` is 0 or 1, `truncated` if it reaches past the end.
    @_lifetime(copy self)
    public mutating func next() throws(DescriptorError) -> RawDescriptor? {
        guard let type = try peek(), let length = bytes.byte(at: position) else { return nil }
        guard length >= 2 else {
            throw DescriptorError(
                .tooShort(length: Int(length), minimum: 2), at: offset, in: type)
        }
        guard remaining >= Int(length) else {
            throw DescriptorError(
                .truncated(needed: Int(length), available: remaining), at: offset, in: type)
        }
        let descriptor = RawDescriptor(
            bytes: bytes.extracting(position..<position + Int(length)), offset: offset)
        position += Int(length)
        return descriptor
    }

    /// The next descriptor, which must be one of `type` with at least `minimum` bytes.
    ///
    /// - Throws: what `next()` throws; `wrongType`; `truncated` at the end.
    @_lifetime(copy self)
    mutating func next(
        _ type: DescriptorType, minimum: Int
    ) throws(DescriptorError) -> RawDescriptor {
        let start = offset
        guard let found = try peek() else {
            throw DescriptorError(.truncated(needed: minimum, available: 0), at: start, in: type)
        }
        guard found == type else {
            throw DescriptorError(.wrongType(found: found), at: start, in: type)
        }
        guard let descriptor = try next() else {
            throw DescriptorError(.truncated(needed: minimum, available: 0), at: start, in: type)
        }
        try descriptor.require(minimum)
        return descriptor
    }

    /// Cuts off the next `byteCount` bytes, of which there must be enough, and moves past them.
    @_lifetime(copy self)
    mutating func split(_ byteCount: Int) -> DescriptorCursor {
        let part = DescriptorCursor(
            bytes.extracting(position..<position + byteCount), base: offset)
        position += byteCount
        return part
    }

    /// The descriptors from here on up to the first one of the types `ends`, kept as bytes.
    mutating func others(
        until ends: DescriptorType...
    ) throws(DescriptorError) -> [UnknownDescriptor] {
        var others: [UnknownDescriptor] = []
        while let type = try peek(), !ends.contains(type) {
            others.append(try UnknownDescriptor(from: &self))
        }
        return others
    }
}
