/// What a device, function or interface is: base class, subclass and protocol (usb.org, Defined
/// Class Codes).
///
/// The statics that name a base class alone have subclass and protocol 0.
public struct ClassCode: Hashable, Sendable {
    /// `bDeviceClass`, `bInterfaceClass` or `bFunctionClass`.
    public var base: UInt8
    /// The subclass, whose meaning the base class gives.
    public var subclass: UInt8
    /// The protocol, whose meaning base class and subclass give.
    public var `protocol`: UInt8

    /// The three bytes in the descriptor's order.
    public init(_ base: UInt8, subclass: UInt8 = 0, protocol: UInt8 = 0) {
        self.base = base
        self.subclass = subclass
        self.protocol = `protocol`
    }

    /// In a device descriptor: each interface says its own class.
    public static let perInterface = ClassCode(0x00)
    /// Audio.
    public static let audio = ClassCode(0x01)
    /// Communications and CDC control.
    public static let communications = ClassCode(0x02)
    /// CDC abstract control model with AT commands: a modem or serial port.
    public static let abstractControlModel = ClassCode(0x02, subclass: 0x02, protocol: 0x01)
    /// Human interface device.
    public static let hid = ClassCode(0x03)
    /// HID that speaks the keyboard's boot protocol.
    public static let bootKeyboard = ClassCode(0x03, subclass: 0x01, protocol: 0x01)
    /// HID that speaks the mouse's boot protocol.
    public static let bootMouse = ClassCode(0x03, subclass: 0x01, protocol: 0x02)
    /// Still image.
    public static let image = ClassCode(0x06)
    /// Printer.
    public static let printer = ClassCode(0x07)
    /// Mass storage.
    public static let massStorage = ClassCode(0x08)
    /// Mass storage with SCSI commands over the bulk-only transport.
    public static let bulkOnlyStorage = ClassCode(0x08, subclass: 0x06, protocol: 0x50)
    /// Mass storage with USB Attached SCSI.
    public static let attachedSCSI = ClassCode(0x08, subclass: 0x06, protocol: 0x62)
    /// Hub.
    public static let hub = ClassCode(0x09)
    /// CDC data.
    public static let communicationsData = ClassCode(0x0A)
    /// Smart card.
    public static let smartCard = ClassCode(0x0B)
    /// Video.
    public static let video = ClassCode(0x0E)
    /// Wireless controller, such as a Bluetooth adapter.
    public static let wireless = ClassCode(0xE0)
    /// In a device descriptor: interface associations say which interfaces form a function.
    public static let interfaceAssociation = ClassCode(0xEF, subclass: 0x02, protocol: 0x01)
    /// Application specific.
    public static let applicationSpecific = ClassCode(0xFE)
    /// Device firmware upgrade, while the device's ordinary function runs.
    public static let firmwareUpgrade = ClassCode(0xFE, subclass: 0x01, protocol: 0x01)
    /// The vendor's own.
    public static let vendorSpecific = ClassCode(0xFF)
}

extension ClassCode: CustomStringConvertible {
    /// The three bytes in hexadecimal, such as `03/01/01`.
    public var description: String {
        [base, subclass, `protocol`].map { String(hexadecimal($0).dropFirst(2)) }
            .joined(separator: "/")
    }
}
