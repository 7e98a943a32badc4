/// Checked reads of lent bytes: `nil` past the end, never a trap, whatever a device sent.
extension RawSpan {
    /// The byte at `offset`.
    public func byte(at offset: Int) -> UInt8? {
        guard offset >= 0, offset < byteCount else { return nil }
        return unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }

    /// The two bytes at `offset`, little endian as on the bus.
    public func uint16(at offset: Int) -> UInt16? {
        guard offset >= 0, byteCount >= 2, offset <= byteCount - 2 else { return nil }
        return UInt16(
            littleEndian: unsafe unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset, as: UInt16.self))
    }

    /// The four bytes at `offset`, little endian as on the bus.
    public func uint32(at offset: Int) -> UInt32? {
        guard offset >= 0, byteCount >= 4, offset <= byteCount - 4 else { return nil }
        return UInt32(
            littleEndian: unsafe unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset, as: UInt32.self))
    }

    /// A copy of all bytes.
    public func copy() -> [UInt8] {
        unsafe withUnsafeBytes { bytes in unsafe Array(bytes) }
    }
}
