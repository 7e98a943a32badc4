/// What a high-speed capable device would be at its other speed (USB 2.0 §9.6.2).
public struct DeviceQualifierDescriptor: USBDescriptor {
    /// The USB specification that the device follows (`bcdUSB`).
    public var usbVersion: BCDVersion
    /// Class, subclass and protocol of the device.
    public var classCode: ClassCode
    /// Bytes in one packet of the default control endpoint.
    public var maxPacketSize0: UInt8
    /// Configurations at the other speed.
    public var configurationCount: UInt8
    /// The reserved last byte.
    public var reserved: UInt8 = 0
    /// Bytes past the ten that the specification gives.
    public var extra: [UInt8] = []

    /// The qualifier of a device that is alike at both speeds.
    public init(of device: DeviceDescriptor) {
        usbVersion = device.usbVersion
        classCode = device.classCode
        maxPacketSize0 = device.maxPacketSize0
        configurationCount = device.configurationCount
    }

    /// Reads a device qualifier.
    ///
    /// - Throws: `truncated`, `wrongType` or `tooShort`.
    public init(from cursor: inout DescriptorCursor) throws(DescriptorError) {
        let raw = try cursor.next(.deviceQualifier, minimum: 10)
        usbVersion = BCDVersion(rawValue: raw.uint16(2))
        classCode = ClassCode(raw.uint8(4), subclass: raw.uint8(5), protocol: raw.uint8(6))
        maxPacketSize0 = raw.uint8(7)
        configurationCount = raw.uint8(8)
        reserved = raw.uint8(9)
        extra = raw.rest(from: 10)
    }

    /// Writes the ten bytes and `extra`.
    public func append(to bytes: inout [UInt8]) {
        bytes.appendDescriptor(.deviceQualifier, extra: extra) { bytes in
            bytes.append(uint16: usbVersion.rawValue)
            bytes.append(classCode)
            bytes.append(contentsOf: [maxPacketSize0, configurationCount, reserved])
        }
    }
}
