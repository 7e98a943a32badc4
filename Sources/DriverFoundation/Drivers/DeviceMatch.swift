/// What devices a driver is for (DRV-1, DRV-2): a hardware id, or a class as a compatible id.
///
/// Of the drivers that match, the most specific gets the device: an id before a composite device,
/// that before an interface, that before a compatible id or class, that before any.
public struct DeviceMatch: Hashable, Sendable {
    private enum Rule: Hashable, Sendable {
        case id(vendor: UInt16, product: UInt16)
        case hardwareID(String)
        case composite
        case deviceClass(ClassCode)
        case interface(ClassCode)
        case any
    }
    private let rule: Rule

    /// The device of this vendor and product id: the whole device, never a function of it.
    public static func id(vendor: UInt16, product: UInt16) -> DeviceMatch {
        DeviceMatch(rule: .id(vendor: vendor, product: product))
    }

    /// The device that has this among its hardware or compatible ids (B-7): a child by the ids that
    /// its bus driver gave it, `usb:1209:7057` for a USB device, `usb:1209:7057:2` for the function
    /// of it that begins with interface 2.
    public static func hardwareID(_ id: String) -> DeviceMatch {
        DeviceMatch(rule: .hardwareID(id))
    }

    /// Any USB device that leaves its class to its interfaces and has several functions. The driver
    /// gets the device without any interface: those are for its children.
    public static let composite = DeviceMatch(rule: .composite)

    /// Any device of this class, subclass and protocol.
    public static func deviceClass(_ code: ClassCode) -> DeviceMatch {
        DeviceMatch(rule: .deviceClass(code))
    }

    /// Any device whose configuration has an interface of this class, subclass and protocol. The
    /// driver gets that interface alone; the others are left to whoever has them. Of a function of
    /// a composite device it gets all interfaces: they belong together.
    public static func interface(_ code: ClassCode) -> DeviceMatch {
        DeviceMatch(rule: .interface(code))
    }

    /// Any device; the weakest match.
    public static let any = DeviceMatch(rule: .any)

    /// How specific the match is; `nil` for none.
    func rank(for node: DeviceNode) -> Int? {
        switch rule {
        case .id(let vendor, let product):
            guard case .device(let usb, _) = node.source else { return nil }
            return usb.descriptor.vendorID == vendor && usb.descriptor.productID == product
                ? 5 : nil
        case .hardwareID(let id):
            if node.identity.hardwareIDs.contains(id) { return 5 }
            return node.identity.compatibleIDs.contains(id) ? 2 : nil
        case .composite: return node.isComposite ? 4 : nil
        case .interface: return interfaces(of: node).isEmpty ? nil : 3
        case .deviceClass(let code):
            if case .function = node.source { return nil }
            return node.identity.classCode == code ? 1 : nil
        case .any: return 0
        }
    }

    /// The numbers of the interfaces that the driver gets.
    func interfaces(of node: DeviceNode) -> [UInt8] {
        switch node.source {
        case .software: return []
        case .function(let usb, let interfaces):
            guard case .interface(let code) = rule, node.identity.classCode != code else {
                return interfaces
            }
            let numbers = Self.interfaces(of: usb, in: code)
            return interfaces.contains(where: numbers.contains) ? interfaces : []
        case .device(let usb, _):
            switch rule {
            case .composite: return []
            case .interface(let code): return Self.interfaces(of: usb, in: code)
            default: return Self.configuration(of: usb)?.interfaces.map(\.number) ?? []
            }
        }
    }

    private static func interfaces(of usb: AttachedDevice, in code: ClassCode) -> [UInt8] {
        let all = configuration(of: usb)?.interfaces ?? []
        return all.filter { $0.alternateSettings.contains { $0.classCode == code } }.map(\.number)
    }

    private static func configuration(of usb: AttachedDevice) -> ConfigurationDescriptor? {
        usb.configuration ?? usb.configurations.first
    }
}

extension DeviceNode {
    /// Whether its interfaces are functions with drivers of their own (USB 3.2 §9.6.1, §9.6.4).
    fileprivate var isComposite: Bool {
        guard case .device(let usb, _) = source,
            [.perInterface, .interfaceAssociation].contains(usb.descriptor.classCode),
            let configuration = usb.configuration ?? usb.configurations.first
        else { return false }
        return USBFunction.all(in: configuration).count > 1
    }
}
