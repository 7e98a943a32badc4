/// What a device can do at high speed beyond USB 2.0 (USB 3.2 §9.6.2.1).
public struct USB2ExtensionCapability: Hashable, Sendable {
    static let type: UInt8 = 2

    /// `bmAttributes` as it stands.
    public var attributes: UInt32
    /// Bytes past the seven that the specification gives.
    public var extra: [UInt8] = []

    /// A capability of these attributes; by default link power management, as SuperSpeed
    /// devices must have it.
    public init(attributes: UInt32 = 0b10) { self.attributes = attributes }

    /// Whether the device knows link power management (bit 1).
    public var supportsLinkPowerManagement: Bool { attributes & 0b10 != 0 }

    init(_ raw: borrowing RawDescriptor) throws(DescriptorError) {
        try raw.require(7)
        attributes = raw.uint32(3)
        extra = raw.rest(from: 7)
    }

    func append(to bytes: inout [UInt8]) {
        bytes.appendCapability(Self.type, extra: extra) { $0.append(uint32: attributes) }
    }
}
