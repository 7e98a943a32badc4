/// What a descriptor describes: its second byte, `bDescriptorType` (USB 2.0 table 9-5, USB 3.2
/// table 9-6).
///
/// Values from 0x20 on are given by classes, and one value may mean different things in two of
/// them: `hid` says HID only within an interface of that class.
public struct DescriptorType: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
    /// The byte as it stands in the descriptor.
    public let rawValue: UInt8

    /// Takes the byte as it stands in the descriptor.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Takes the byte as it stands in the descriptor.
    public init(integerLiteral value: UInt8) { rawValue = value }

    /// DEVICE.
    public static let device: DescriptorType = 1
    /// CONFIGURATION.
    public static let configuration: DescriptorType = 2
    /// STRING.
    public static let string: DescriptorType = 3
    /// INTERFACE.
    public static let interface: DescriptorType = 4
    /// ENDPOINT.
    public static let endpoint: DescriptorType = 5
    /// DEVICE_QUALIFIER.
    public static let deviceQualifier: DescriptorType = 6
    /// OTHER_SPEED_CONFIGURATION.
    public static let otherSpeedConfiguration: DescriptorType = 7
    /// OTG (On-The-Go supplement).
    public static let otg: DescriptorType = 9
    /// INTERFACE_ASSOCIATION.
    public static let interfaceAssociation: DescriptorType = 11
    /// BOS.
    public static let bos: DescriptorType = 15
    /// DEVICE CAPABILITY.
    public static let deviceCapability: DescriptorType = 16
    /// HID (HID 1.11 §7.1); other classes use 0x21 for descriptors of their own.
    public static let hid: DescriptorType = 0x21
    /// HID report descriptor (HID 1.11 §7.1).
    public static let hidReport: DescriptorType = 0x22
    /// Class-specific descriptor of an interface, as in CDC, audio and video.
    public static let classSpecificInterface: DescriptorType = 0x24
    /// Class-specific descriptor of an endpoint, as in audio and video.
    public static let classSpecificEndpoint: DescriptorType = 0x25
    /// SUPERSPEED_USB_ENDPOINT_COMPANION.
    public static let superSpeedEndpointCompanion: DescriptorType = 0x30
}

extension DescriptorType: CustomStringConvertible {
    /// The specification's name in lower case, or the byte in hexadecimal.
    public var description: String {
        switch self {
        case .device: "device"
        case .configuration: "configuration"
        case .string: "string"
        case .interface: "interface"
        case .endpoint: "endpoint"
        case .deviceQualifier: "device qualifier"
        case .otherSpeedConfiguration: "other-speed configuration"
        case .otg: "OTG"
        case .interfaceAssociation: "interface association"
        case .bos: "BOS"
        case .deviceCapability: "device capability"
        case .hid: "HID"
        case .hidReport: "HID report"
        case .classSpecificInterface: "class-specific interface"
        case .classSpecificEndpoint: "class-specific endpoint"
        case .superSpeedEndpointCompanion: "SuperSpeed endpoint companion"
        default: "type " + hexadecimal(rawValue)
        }
    }
}

/// `0x` and the byte's two digits.
func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0x0" : "0x") + String(byte, radix: 16)
}
