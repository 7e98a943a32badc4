/// How a device runs at 10 Gb/s and more (USB 3.2 §9.6.2.5).
public struct SuperSpeedPlusCapability: Hashable, Sendable {
    static let type: UInt8 = 0x0A

    /// `bmAttributes` with its bits 4…0, which count the sublink speeds, left 0.
    public let attributes: UInt32
    /// `wFunctionalitySupport` as it stands: the least speed and lanes with all functions.
    public let functionality: UInt16
    /// `bmSublinkSpeedAttr`, 1…32 of them as they stand.
    public let sublinkSpeeds: [UInt32]
    /// Bytes past those that the number of sublink speeds gives.
    public let extra: [UInt8]
    private let reserved: UInt8
    private let reservedWord: UInt16

    /// A capability of these fields.
    ///
    /// - Parameters:
    ///   - attributes: Bits 8…5 are the number of sublink speed ids less one; bits 4…0 are put in
    ///     from `sublinkSpeeds`.
    ///   - sublinkSpeeds: 1…32.
    public init(attributes: UInt32, functionality: UInt16, sublinkSpeeds: [UInt32]) {
        guard 1...32 ~= sublinkSpeeds.count else {
            fatalError("SuperSpeedPlus has 1…32 sublink speeds, not \(sublinkSpeeds.count).")
        }
        self.attributes = attributes & ~0x1F
        self.functionality = functionality
        self.sublinkSpeeds = sublinkSpeeds
        extra = []
        reserved = 0
        reservedWord = 0
    }

    init(_ raw: borrowing RawDescriptor) throws(DescriptorError) {
        try raw.require(16)
        let end = 16 + 4 * Int(raw.uint32(4) & 0x1F)
        try raw.require(end)
        reserved = raw.uint8(3)
        attributes = raw.uint32(4) & ~0x1F
        functionality = raw.uint16(8)
        reservedWord = raw.uint16(10)
        sublinkSpeeds = stride(from: 12, to: end, by: 4).map { raw.uint32($0) }
        extra = raw.rest(from: end)
    }

    func append(to bytes: inout [UInt8]) {
        bytes.appendCapability(Self.type, extra: extra) { bytes in
            bytes.append(reserved)
            bytes.append(uint32: attributes | UInt32(sublinkSpeeds.count - 1))
            bytes.append(uint16: functionality)
            bytes.append(uint16: reservedWord)
            for speed in sublinkSpeeds { bytes.append(uint32: speed) }
        }
    }
}
