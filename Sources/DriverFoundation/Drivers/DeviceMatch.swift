/// What devices a driver is for (DRV-1, DRV-2): a hardware id, or a class as a compatible id.
public struct DeviceMatch: Hashable, Sendable {
    private enum Rule: Hashable, Sendable {
        case id(vendor: UInt16, product: UInt16)
        case deviceClass(ClassCode)
        case interface(ClassCode)
        case any
    }
    private let rule: Rule

    /// The device of this vendor and product id.
    public static func id(vendor: UInt16, product: UInt16) -> DeviceMatch {
        DeviceMatch(rule: .id(vendor: vendor, product: product))
    }

    /// Any device of this class, subclass and protocol.
    public static func deviceClass(_ code: ClassCode) -> DeviceMatch {
        DeviceMatch(rule: .deviceClass(code))
    }

    /// Any device whose configuration has an interface of this class, subclass and protocol. The
    /// driver gets that interface alone; the others are left to whoever has them.
    public static func interface(_ code: ClassCode) -> DeviceMatch {
        DeviceMatch(rule: .interface(code))
    }

    /// Any device; the weakest match.
    public static let any = DeviceMatch(rule: .any)

    /// How specific the match is; `nil` for none.
    func rank(for device: AttachedDevice) -> Int? {
        switch rule {
        case .id(let vendor, let product):
            device.descriptor.vendorID == vendor && device.descriptor.productID == product ? 3 : nil
        case .interface:
            interfaces(of: device).isEmpty ? nil : 2
        case .deviceClass(let code):
            device.descriptor.classCode == code ? 1 : nil
        case .any: 0
        }
    }

    /// The numbers of the interfaces that the driver gets.
    func interfaces(of device: AttachedDevice) -> [UInt8] {
        let configuration = device.configuration ?? device.configurations.first
        let all = configuration?.interfaces ?? []
        guard case .interface(let code) = rule else { return all.map(\.number) }
        return all.filter { $0.alternateSettings.contains { $0.classCode == code } }.map(\.number)
    }
}
