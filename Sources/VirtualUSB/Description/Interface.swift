public import USBTypes

/// One part of a device's description: an interface, or a whole configuration.
public enum DescriptionPart: Sendable {
    /// An interface of the only configuration.
    case interface(Interface)
    /// One of several configurations.
    case configuration(DeviceConfiguration)
}

/// One part of an interface's description.
public enum InterfacePart: Sendable {
    /// An endpoint of alternate setting 0.
    case endpoint(Endpoint)
    /// A class-specific descriptor in front of the endpoints.
    case descriptor(UnknownDescriptor)
    /// A HID descriptor and the report descriptor it announces.
    case hid(HIDReports)
    /// Another alternate setting.
    case setting(AlternateSetting)
}

/// An interface of a virtual device; interfaces are numbered from 0 in their order.
public struct Interface: Sendable {
    let classCode: ClassCode
    let name: String?
    let parts: [InterfacePart]

    /// An interface whose alternate setting 0 consists of `parts`.
    public init(
        _ classCode: ClassCode, name: String? = nil,
        @InterfaceBuilder _ parts: () -> [InterfacePart] = { [] }
    ) {
        self.classCode = classCode
        self.name = name
        self.parts = parts()
    }
}

extension Interface {
    /// A vendor's interface of these endpoints.
    public init(_ endpoints: Endpoint...) {
        classCode = .vendorSpecific
        name = nil
        parts = endpoints.map { .endpoint($0) }
    }
}

/// A further alternate setting of the interface in which it stands, numbered from 1 in order.
public struct AlternateSetting: Sendable {
    let classCode: ClassCode?
    let parts: [InterfacePart]

    /// A setting of `parts`, with the interface's class unless it has its own.
    public init(
        _ classCode: ClassCode? = nil, @InterfaceBuilder _ parts: () -> [InterfacePart] = { [] }
    ) {
        self.classCode = classCode
        self.parts = parts()
    }
}

/// One of several configurations, whose values count from 1 in their order.
public struct DeviceConfiguration: Sendable {
    let name: String?
    let interfaces: [Interface]

    /// A configuration of these interfaces.
    public init(name: String? = nil, @DescriptionBuilder _ parts: () -> [DescriptionPart]) {
        self.name = name
        interfaces = parts().compactMap { part in
            if case .interface(let interface) = part { interface } else { nil }
        }
    }
}

/// A HID interface's report descriptor, which the framework answers with (HID 1.11 §7.1.1).
public struct HIDReports: Sendable {
    let bytes: [UInt8]
    let version: BCDVersion

    /// The report descriptor's bytes.
    public init(_ bytes: [UInt8], version: BCDVersion = 0x0111) {
        self.bytes = bytes
        self.version = version
    }
}

/// Lists what a device consists of.
@resultBuilder public enum DescriptionBuilder {
    /// An interface of the only configuration.
    public static func buildExpression(_ interface: Interface) -> [DescriptionPart] {
        [.interface(interface)]
    }
    /// One of several configurations.
    public static func buildExpression(_ configuration: DeviceConfiguration) -> [DescriptionPart] {
        [.configuration(configuration)]
    }
    /// One after the other.
    public static func buildBlock(_ parts: [DescriptionPart]...) -> [DescriptionPart] {
        parts.flatMap(\.self)
    }
    /// What `if` without `else` gives.
    public static func buildOptional(_ parts: [DescriptionPart]?) -> [DescriptionPart] {
        parts ?? []
    }
    /// What the first branch gives.
    public static func buildEither(first parts: [DescriptionPart]) -> [DescriptionPart] { parts }
    /// What the second branch gives.
    public static func buildEither(second parts: [DescriptionPart]) -> [DescriptionPart] { parts }
    /// What `for` gives.
    public static func buildArray(_ parts: [[DescriptionPart]]) -> [DescriptionPart] {
        parts.flatMap(\.self)
    }
}

/// Lists what an interface or alternate setting consists of.
@resultBuilder public enum InterfaceBuilder {
    /// An endpoint.
    public static func buildExpression(_ endpoint: Endpoint) -> [InterfacePart] {
        [.endpoint(endpoint)]
    }
    /// A class-specific descriptor.
    public static func buildExpression(_ descriptor: UnknownDescriptor) -> [InterfacePart] {
        [.descriptor(descriptor)]
    }
    /// A HID descriptor with its report descriptor.
    public static func buildExpression(_ reports: HIDReports) -> [InterfacePart] {
        [.hid(reports)]
    }
    /// A further alternate setting.
    public static func buildExpression(_ setting: AlternateSetting) -> [InterfacePart] {
        [.setting(setting)]
    }
    /// One after the other.
    public static func buildBlock(_ parts: [InterfacePart]...) -> [InterfacePart] {
        parts.flatMap(\.self)
    }
    /// What `if` without `else` gives.
    public static func buildOptional(_ parts: [InterfacePart]?) -> [InterfacePart] { parts ?? [] }
    /// What the first branch gives.
    public static func buildEither(first parts: [InterfacePart]) -> [InterfacePart] { parts }
    /// What the second branch gives.
    public static func buildEither(second parts: [InterfacePart]) -> [InterfacePart] { parts }
    /// What `for` gives.
    public static func buildArray(_ parts: [[InterfacePart]]) -> [InterfacePart] {
        parts.flatMap(\.self)
    }
}
