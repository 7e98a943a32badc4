/// Says that several interfaces in a row form one function (USB 3.2 §9.6.4).
public struct InterfaceAssociationDescriptor: USBDescriptor {
    /// The number of the first interface.
    public var firstInterface: UInt8
    /// How many interfaces there are (`bInterfaceCount`).
    public var interfaceCount: UInt8
    /// Class, subclass and protocol of the function.
    public var classCode: ClassCode
    /// The string that names the function; 0 for none (`iFunction`).
    public var stringIndex: UInt8
    /// Bytes past the eight that the specification gives.
    public var extra: [UInt8] = []
    /// Descriptors between the association and what it precedes, in order; seldom any. One whose
    /// type is interface or interface association would be read back as what it says it is.
    public var descriptors: [UnknownDescriptor] = []

    /// An association of these fields.
    public init(
        firstInterface: UInt8, interfaceCount: UInt8, classCode: ClassCode, stringIndex: UInt8 = 0
    ) {
        self.firstInterface = firstInterface
        self.interfaceCount = interfaceCount
        self.classCode = classCode
        self.stringIndex = stringIndex
    }

    /// Reads an association and what stands behind it up to the next interface or association.
    ///
    /// - Throws: `truncated`, `wrongType` or `tooShort`.
    public init(from cursor: inout DescriptorCursor) throws(DescriptorError) {
        let raw = try cursor.next(.interfaceAssociation, minimum: 8)
        firstInterface = raw.uint8(2)
        interfaceCount = raw.uint8(3)
        classCode = ClassCode(raw.uint8(4), subclass: raw.uint8(5), protocol: raw.uint8(6))
        stringIndex = raw.uint8(7)
        extra = raw.rest(from: 8)
        descriptors = try cursor.others(until: .interface, .interfaceAssociation)
    }

    /// Writes the association and the descriptors behind it.
    public func append(to bytes: inout [UInt8]) {
        bytes.appendDescriptor(.interfaceAssociation, extra: extra) { bytes in
            bytes.append(contentsOf: [firstInterface, interfaceCount])
            bytes.append(classCode)
            bytes.append(stringIndex)
        }
        for descriptor in descriptors { descriptor.append(to: &bytes) }
    }

    /// Whether the interface of this number belongs to the function.
    public func contains(_ interface: UInt8) -> Bool {
        interface >= firstInterface
            && Int(interface) < Int(firstInterface) + Int(interfaceCount)
    }
}
