/// One configuration of a device with its interfaces, alternate settings and endpoints (USB 2.0
/// §9.6.3).
///
/// Each descriptor that is no interface, endpoint, companion or interface association belongs to
/// the one that it stands behind, and is kept there as bytes. What the specification forbids but
/// can be read is kept too: `validate(at:)` says what it is.
public struct ConfigurationDescriptor: USBDescriptor {
    /// What a configuration is a sequence of.
    public enum Item: Hashable, Sendable {
        /// Says that the interfaces behind it form a function.
        case association(InterfaceAssociationDescriptor)
        /// One alternate setting of an interface.
        case interface(InterfaceDescriptor)
    }

    /// `bConfigurationValue`, by which `SetupPacket.setConfiguration` selects it; not 0.
    public var value: UInt8
    /// `bNumInterfaces` as declared, which `interfaces` should agree with.
    public var interfaceCount: UInt8
    /// The string that names the configuration; 0 for none (`iConfiguration`).
    public var stringIndex: UInt8
    /// `bmAttributes` as it stands.
    public var attributes: UInt8
    /// `bMaxPower` as it stands, in units of 2 mA, or of 8 mA at SuperSpeed.
    public var maxPower: UInt8
    /// Whether it is what the device would be at its other speed (USB 2.0 §9.6.4).
    public var isOtherSpeed = false
    /// Bytes past the nine that the specification gives.
    public var extra: [UInt8] = []
    /// Descriptors in front of the first interface or association, in order. One whose type is
    /// interface or interface association would be read back as what it says it is.
    public var descriptors: [UnknownDescriptor]
    /// Alternate settings and associations in the order in which they stand.
    public var items: [Item]

    /// A configuration of these fields, with `interfaceCount` as there are interfaces in `items`.
    ///
    /// - Parameter maxPower: In units of 2 mA, or of 8 mA at SuperSpeed.
    public init(
        value: UInt8 = 1, stringIndex: UInt8 = 0, isSelfPowered: Bool = false,
        supportsRemoteWakeup: Bool = false, maxPower: UInt8 = 50,
        descriptors: [UnknownDescriptor] = [], items: [Item]
    ) {
        self.value = value
        interfaceCount = 0
        self.stringIndex = stringIndex
        attributes = 0x80 | (isSelfPowered ? 0x40 : 0) | (supportsRemoteWakeup ? 0x20 : 0)
        self.maxPower = maxPower
        self.descriptors = descriptors
        self.items = items
        interfaceCount = UInt8(clamping: interfaces.count)
    }

    /// Reads a configuration: `wTotalLength` bytes, all of which must be there.
    ///
    /// - Throws: `truncated`, `wrongType`, `tooShort`, also of the descriptors in it;
    ///   `wrongTotalLength`.
    public init(from cursor: inout DescriptorCursor) throws(DescriptorError) {
        isOtherSpeed = try cursor.peek() == .otherSpeedConfiguration
        let type: DescriptorType = isOtherSpeed ? .otherSpeedConfiguration : .configuration
        let raw = try cursor.next(type, minimum: 9)
        value = raw.uint8(5)
        interfaceCount = raw.uint8(4)
        stringIndex = raw.uint8(6)
        attributes = raw.uint8(7)
        maxPower = raw.uint8(8)
        extra = raw.rest(from: 9)
        var content = try cursor.content(of: raw)
        descriptors = try content.others(until: .interface, .interfaceAssociation)
        items = []
        while let type = try content.peek() {
            if type == .interfaceAssociation {
                items.append(.association(try InterfaceAssociationDescriptor(from: &content)))
            } else {
                items.append(.interface(try InterfaceDescriptor(from: &content)))
            }
        }
    }

    /// Writes the configuration and all descriptors in it.
    public func append(to bytes: inout [UInt8]) {
        let start = bytes.count
        let type: DescriptorType = isOtherSpeed ? .otherSpeedConfiguration : .configuration
        bytes.appendDescriptor(type, extra: extra) { bytes in
            bytes.append(uint16: 0)
            bytes.append(contentsOf: [interfaceCount, value, stringIndex, attributes, maxPower])
        }
        for descriptor in descriptors { descriptor.append(to: &bytes) }
        for item in items {
            switch item {
            case .association(let association): association.append(to: &bytes)
            case .interface(let interface): interface.append(to: &bytes)
            }
        }
        bytes.setTotalLength(ofDescriptorAt: start)
    }
}

extension DescriptorCursor {
    /// Cuts off what follows the just-read `header` within its `wTotalLength`, bytes 2 and 3.
    @_lifetime(copy self)
    mutating func content(
        of header: borrowing RawDescriptor
    ) throws(DescriptorError) -> DescriptorCursor {
        let length = header.bytes.byteCount
        let total = Int(header.uint16(2))
        guard length...length + remaining ~= total else {
            throw DescriptorError(
                .wrongTotalLength(
                    declared: total, minimum: length, available: length + remaining),
                at: header.offset, in: header.type)
        }
        return split(total - length)
    }
}
