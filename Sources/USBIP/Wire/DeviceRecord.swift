public import USBTypes

/// What a server tells of a device it exports, 312 bytes on the wire (usbip §1.3).
public struct DeviceRecord: Hashable, Sendable {
    /// Bytes on the wire.
    static let size = 312
    private static let pathSize = 256

    /// What `usbip list` shows beside the device; at most 255 bytes of UTF-8, cut off there.
    public var path: String
    /// The name to import it by.
    public var busID: BusID
    /// The number of its bus; the upper half of its device id.
    public var busNumber: UInt32
    /// Its number on that bus; the lower half of its device id.
    public var deviceNumber: UInt32
    /// The signalling rate; `nil` for one that is unknown or not USB's.
    public var speed: Speed?
    /// `idVendor`.
    public var vendorID: UInt16
    /// `idProduct`.
    public var productID: UInt16
    /// `bcdDevice`.
    public var release: BCDVersion
    /// The device's class, subclass and protocol.
    public var classCode: ClassCode
    /// `bConfigurationValue` of the configuration in force; 0 for none.
    public var configurationValue: UInt8
    /// `bNumConfigurations`.
    public var configurationCount: UInt8
    /// `bNumInterfaces` of the configuration in force, or of the first.
    public var interfaceCount: UInt8

    /// A record of these fields.
    public init(
        path: String, busID: BusID, busNumber: UInt32, deviceNumber: UInt32, speed: Speed?,
        vendorID: UInt16, productID: UInt16, release: BCDVersion, classCode: ClassCode,
        configurationValue: UInt8, configurationCount: UInt8, interfaceCount: UInt8
    ) {
        self.path = path
        self.busID = busID
        self.busNumber = busNumber
        self.deviceNumber = deviceNumber
        self.speed = speed
        self.vendorID = vendorID
        self.productID = productID
        self.release = release
        self.classCode = classCode
        self.configurationValue = configurationValue
        self.configurationCount = configurationCount
        self.interfaceCount = interfaceCount
    }

    /// The number that every request for the device carries.
    public var deviceID: UInt32 { busNumber << 16 | deviceNumber & 0xFFFF }

    /// Reads the record at `offset`; the caller has checked that its bytes are there.
    init(from bytes: RawSpan, at offset: Int) throws(WireError) {
        guard let path = String(fieldIn: bytes, at: offset, size: Self.pathSize) else {
            throw WireError(.malformedPath, at: offset)
        }
        let fields = bytes.extracting((offset + 288)..<(offset + Self.size))
        self.path = path
        busID = try BusID(from: bytes, at: offset + Self.pathSize)
        busNumber = fields.big(0)
        deviceNumber = fields.big(4)
        speed = Speed(rawValue: UInt8(clamping: fields.big(8, as: UInt32.self)))
        vendorID = fields.big(12)
        productID = fields.big(14)
        release = BCDVersion(rawValue: fields.big(16))
        classCode = ClassCode(
            fields.big(18), subclass: fields.big(19), protocol: fields.big(20))
        configurationValue = fields.big(21)
        configurationCount = fields.big(22)
        interfaceCount = fields.big(23)
    }

    func append(to queue: inout ByteQueue) {
        queue.append(path, padding: Self.pathSize)
        busID.append(to: &queue)
        queue.append(busNumber)
        queue.append(deviceNumber)
        queue.append(UInt32(speed?.rawValue ?? 0))
        queue.append(vendorID)
        queue.append(productID)
        queue.append(release.rawValue)
        queue.append([classCode.base, classCode.subclass, classCode.protocol])
        queue.append([configurationValue, configurationCount, interfaceCount])
    }
}

/// A device in a server's list: its record and what its interfaces are.
public struct ListedDevice: Hashable, Sendable {
    /// The device; its `interfaceCount` is written as there are `interfaces`.
    public var record: DeviceRecord
    /// The class of each interface, in order; at most 255.
    public var interfaces: [ClassCode]

    /// An entry of a list.
    public init(record: DeviceRecord, interfaces: [ClassCode]) {
        self.record = record
        self.interfaces = interfaces
        self.record.interfaceCount = UInt8(clamping: interfaces.count)
    }
}
