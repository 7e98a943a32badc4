/// One entry of a BOS (USB 3.2 §9.6.2).
public enum DeviceCapability: USBDescriptor {
    /// Link power management at high speed.
    case usb2Extension(USB2ExtensionCapability)
    /// SuperSpeed operation.
    case superSpeed(SuperSpeedCapability)
    /// The identity of this very device, the same on every one of its ports.
    case containerID(ContainerIDCapability)
    /// What a platform defines, such as WebUSB or Microsoft OS 2.0.
    case platform(PlatformCapability)
    /// SuperSpeedPlus operation.
    case superSpeedPlus(SuperSpeedPlusCapability)
    /// Any other capability, or a descriptor that is none. One that says it is of the kinds above
    /// would be read back as what it says it is.
    case unknown(UnknownDescriptor)

    /// Reads a capability, or whatever descriptor stands there.
    ///
    /// - Throws: `truncated` or `tooShort`, for what its capability type needs.
    public init(from cursor: inout DescriptorCursor) throws(DescriptorError) {
        guard try cursor.peek() == .deviceCapability else {
            self = .unknown(try UnknownDescriptor(from: &cursor))
            return
        }
        let raw = try cursor.next(.deviceCapability, minimum: 3)
        switch raw.uint8(2) {
        case USB2ExtensionCapability.type:
            self = .usb2Extension(try USB2ExtensionCapability(raw))
        case SuperSpeedCapability.type:
            self = .superSpeed(try SuperSpeedCapability(raw))
        case ContainerIDCapability.type:
            self = .containerID(try ContainerIDCapability(raw))
        case PlatformCapability.type:
            self = .platform(try PlatformCapability(raw))
        case SuperSpeedPlusCapability.type:
            self = .superSpeedPlus(try SuperSpeedPlusCapability(raw))
        default:
            self = .unknown(UnknownDescriptor(.deviceCapability, raw.rest(from: 2)))
        }
    }

    /// Writes the capability.
    public func append(to bytes: inout [UInt8]) {
        switch self {
        case .usb2Extension(let capability): capability.append(to: &bytes)
        case .superSpeed(let capability): capability.append(to: &bytes)
        case .containerID(let capability): capability.append(to: &bytes)
        case .platform(let capability): capability.append(to: &bytes)
        case .superSpeedPlus(let capability): capability.append(to: &bytes)
        case .unknown(let descriptor): descriptor.append(to: &bytes)
        }
    }
}

extension [UInt8] {
    /// Appends one device capability: the two first bytes, its capability type, its fields.
    mutating func appendCapability(
        _ type: UInt8, extra: [UInt8], fields: (inout [UInt8]) -> Void
    ) {
        appendDescriptor(.deviceCapability, extra: extra) { bytes in
            bytes.append(type)
            fields(&bytes)
        }
    }
}
