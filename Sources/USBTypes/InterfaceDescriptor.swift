/// One alternate setting of an interface, with its endpoints (USB 2.0 §9.6.5).
public struct InterfaceDescriptor: USBDescriptor {
    /// `bInterfaceNumber`.
    public var number: UInt8
    /// `bAlternateSetting`: which of the interface's settings this one is; 0 is the default.
    public var alternateSetting: UInt8
    /// `bNumEndpoints` as declared, which `endpoints` should agree with.
    public var endpointCount: UInt8
    /// Class, subclass and protocol.
    public var classCode: ClassCode
    /// The string that names the interface; 0 for none (`iInterface`).
    public var stringIndex: UInt8
    /// Bytes past the nine that the specification gives.
    public var extra: [UInt8] = []
    /// Class-specific and other descriptors between the interface and its first endpoint, in
    /// order. One whose type is interface, endpoint or interface association would be read back
    /// as what it says it is.
    public var descriptors: [UnknownDescriptor]
    /// The endpoints in order, the default control endpoint not among them.
    public var endpoints: [EndpointDescriptor]

    /// An alternate setting of these fields, with `endpointCount` as there are `endpoints`.
    public init(
        number: UInt8, alternateSetting: UInt8 = 0, classCode: ClassCode, stringIndex: UInt8 = 0,
        descriptors: [UnknownDescriptor] = [], endpoints: [EndpointDescriptor] = []
    ) {
        self.number = number
        self.alternateSetting = alternateSetting
        endpointCount = UInt8(clamping: endpoints.count)
        self.classCode = classCode
        self.stringIndex = stringIndex
        self.descriptors = descriptors
        self.endpoints = endpoints
    }

    /// Reads an alternate setting and what stands behind it up to the next interface or interface
    /// association.
    ///
    /// - Throws: `truncated`, `wrongType` or `tooShort`, also of the descriptors in it.
    public init(from cursor: inout DescriptorCursor) throws(DescriptorError) {
        let raw = try cursor.next(.interface, minimum: 9)
        number = raw.uint8(2)
        alternateSetting = raw.uint8(3)
        endpointCount = raw.uint8(4)
        classCode = ClassCode(raw.uint8(5), subclass: raw.uint8(6), protocol: raw.uint8(7))
        stringIndex = raw.uint8(8)
        extra = raw.rest(from: 9)
        descriptors = try cursor.others(until: .endpoint, .interface, .interfaceAssociation)
        endpoints = []
        while try cursor.peek() == .endpoint {
            endpoints.append(try EndpointDescriptor(from: &cursor))
        }
    }

    /// Writes the alternate setting and the descriptors in it.
    public func append(to bytes: inout [UInt8]) {
        bytes.appendDescriptor(.interface, extra: extra) { bytes in
            bytes.append(contentsOf: [number, alternateSetting, endpointCount])
            bytes.append(classCode)
            bytes.append(stringIndex)
        }
        for descriptor in descriptors { descriptor.append(to: &bytes) }
        for endpoint in endpoints { endpoint.append(to: &bytes) }
    }

    /// The endpoint of the number and direction of `address`, if this alternate setting has it.
    public func endpoint(_ address: EndpointAddress) -> EndpointDescriptor? {
        endpoints.first {
            $0.address.number == address.number && $0.address.direction == address.direction
        }
    }
}
