/// What a device is called and matched by, beside any descriptors (B-7): a USB device's is made of
/// its descriptors, a child's is given by its bus driver.
public struct DeviceIdentity: Hashable, Sendable {
    /// What reports and people call it.
    public var name: String
    /// What tells it from the other devices of the same parent.
    public var instanceID: String
    /// What it is, most specific first: what ``DeviceMatch/hardwareID(_:)`` looks at.
    public var hardwareIDs: [String]
    /// What it can be driven as, when no driver knows a hardware id of it.
    public var compatibleIDs: [String]
    /// Its USB class, for a function of a composite device and for whatever behaves like one.
    public var classCode: ClassCode?

    /// The identity of a child.
    public init(
        name: String, instanceID: String, hardwareIDs: [String], compatibleIDs: [String] = [],
        classCode: ClassCode? = nil
    ) {
        self.name = name
        self.instanceID = instanceID
        self.hardwareIDs = hardwareIDs
        self.compatibleIDs = compatibleIDs
        self.classCode = classCode
    }

    /// A USB device: `usb:1209:7057`, in hexadecimal; its instance is the port it is plugged into.
    init(of usb: AttachedDevice) {
        let product = usb.strings.product ?? "USB device"
        self.init(
            name: "\(product) (\(usb.location))", instanceID: "\(usb.location)",
            hardwareIDs: [Self.hardwareID(of: usb)], classCode: usb.descriptor.classCode)
    }

    /// A function of a composite device: `usb:1209:7057:0`, with the number of its first interface.
    init(of function: USBFunction, in usb: AttachedDevice) {
        let product = usb.strings.product ?? "USB device"
        let first = function.interfaces.first ?? 0
        self.init(
            name: "\(product) (\(usb.location)), function \(first)", instanceID: "\(first)",
            hardwareIDs: ["\(Self.hardwareID(of: usb)):\(first)"], classCode: function.classCode)
    }

    private static func hardwareID(of usb: AttachedDevice) -> String {
        "usb:\(digits(usb.descriptor.vendorID)):\(digits(usb.descriptor.productID))"
    }

    private static func digits(_ number: UInt16) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}

/// A function of a composite device: one interface, or those that an association keeps together
/// (USB 3.2 §9.6.4).
public struct USBFunction: Hashable, Sendable {
    /// The numbers of its interfaces, at least one, lowest first.
    public let interfaces: [UInt8]
    /// The association's class, else the interface's in its first setting.
    public let classCode: ClassCode

    /// The functions of a configuration, in the order of their interfaces. An association takes
    /// those interfaces that are there and that no earlier association took.
    public static func all(in configuration: ConfigurationDescriptor) -> [USBFunction] {
        var functions: [USBFunction] = []
        var taken: Set<UInt8> = []
        let interfaces = configuration.interfaces
        for interface in interfaces where !taken.contains(interface.number) {
            let association = configuration.association(of: interface.number)
            let numbers = interfaces.map(\.number).filter { number in
                number == interface.number
                    || association?.contains(number) == true && !taken.contains(number)
            }
            taken.formUnion(numbers)
            guard let first = interface.alternateSettings.first else { continue }
            functions.append(
                USBFunction(
                    interfaces: numbers.sorted(),
                    classCode: association?.classCode ?? first.classCode))
        }
        return functions
    }
}
