/// Which very device this is, whichever of its ports one looks at (USB 3.2 §9.6.2.3).
public struct ContainerIDCapability: Hashable, Sendable {
    static let type: UInt8 = 4

    /// The device's identity.
    public var id: USBUUID
    /// The reserved fourth byte.
    public var reserved: UInt8 = 0
    /// Bytes past the twenty that the specification gives.
    public var extra: [UInt8] = []

    /// A capability with this identity.
    public init(_ id: USBUUID) { self.id = id }

    init(_ raw: borrowing RawDescriptor) throws(DescriptorError) {
        try raw.require(20)
        reserved = raw.uint8(3)
        id = raw.uuid(4)
        extra = raw.rest(from: 20)
    }

    func append(to bytes: inout [UInt8]) {
        bytes.appendCapability(Self.type, extra: extra) { bytes in
            bytes.append(reserved)
            bytes.append(id)
        }
    }
}
