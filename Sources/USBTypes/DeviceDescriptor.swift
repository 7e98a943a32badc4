/// What a device is as a whole (USB 2.0 §9.6.1, USB 3.2 §9.6.1).
public struct DeviceDescriptor: USBDescriptor {
    /// The USB specification that the device follows (`bcdUSB`).
    public var usbVersion: BCDVersion
    /// Class, subclass and protocol of the device, often `perInterface`.
    public var classCode: ClassCode
    /// `bMaxPacketSize0` as it stands: bytes, or at SuperSpeed the power of two.
    public var maxPacketSize0: UInt8
    /// `idVendor`.
    public var vendorID: UInt16
    /// `idProduct`.
    public var productID: UInt16
    /// The device's own version (`bcdDevice`).
    public var release: BCDVersion
    /// The manufacturer's string; 0 for none.
    public var manufacturerIndex: UInt8
    /// The product's string; 0 for none.
    public var productIndex: UInt8
    /// The serial number's string; 0 for none.
    public var serialNumberIndex: UInt8
    /// `bNumConfigurations`.
    public var configurationCount: UInt8
    /// Bytes past the 18 that the specification gives.
    public var extra: [UInt8] = []

    /// A device descriptor of these fields.
    public init(
        usbVersion: BCDVersion = 0x0200, classCode: ClassCode = .perInterface,
        maxPacketSize0: UInt8 = 64, vendorID: UInt16, productID: UInt16,
        release: BCDVersion = 0x0100, manufacturerIndex: UInt8 = 0, productIndex: UInt8 = 0,
        serialNumberIndex: UInt8 = 0, configurationCount: UInt8 = 1
    ) {
        self.usbVersion = usbVersion
        self.classCode = classCode
        self.maxPacketSize0 = maxPacketSize0
        self.vendorID = vendorID
        self.productID = productID
        self.release = release
        self.manufacturerIndex = manufacturerIndex
        self.productIndex = productIndex
        self.serialNumberIndex = serialNumberIndex
        self.configurationCount = configurationCount
    }

    /// Reads a device descriptor.
    ///
    /// - Throws: `truncated`, `wrongType` or `tooShort`.
    public init(from cursor: inout DescriptorCursor) throws(DescriptorError) {
        let raw = try cursor.next(.device, minimum: 18)
        usbVersion = BCDVersion(rawValue: raw.uint16(2))
        classCode = ClassCode(raw.uint8(4), subclass: raw.uint8(5), protocol: raw.uint8(6))
        maxPacketSize0 = raw.uint8(7)
        vendorID = raw.uint16(8)
        productID = raw.uint16(10)
        release = BCDVersion(rawValue: raw.uint16(12))
        manufacturerIndex = raw.uint8(14)
        productIndex = raw.uint8(15)
        serialNumberIndex = raw.uint8(16)
        configurationCount = raw.uint8(17)
        extra = raw.rest(from: 18)
    }

    /// Writes the 18 bytes and `extra`.
    public func append(to bytes: inout [UInt8]) {
        bytes.appendDescriptor(.device, extra: extra) { bytes in
            bytes.append(uint16: usbVersion.rawValue)
            bytes.append(classCode)
            bytes.append(maxPacketSize0)
            bytes.append(uint16: vendorID)
            bytes.append(uint16: productID)
            bytes.append(uint16: release.rawValue)
            bytes.append(contentsOf: [
                manufacturerIndex, productIndex, serialNumberIndex, configurationCount,
            ])
        }
    }

    /// The default control endpoint's packet size in bytes at `speed`; `nil` for an exponent
    /// that no packet size has.
    public func controlPacketSize(at speed: Speed) -> Int? {
        guard speed >= .super else { return Int(maxPacketSize0) }
        return maxPacketSize0 < 16 ? 1 << Int(maxPacketSize0) : nil
    }
}

extension [UInt8] {
    /// Appends the three bytes of `code` in the order of every descriptor.
    mutating func append(_ code: ClassCode) {
        append(contentsOf: [code.base, code.subclass, code.protocol])
    }
}
