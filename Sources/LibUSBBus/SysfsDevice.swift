package import USBBus
package import USBTypes

/// A device's folder under `/sys/bus/usb/devices`: what the kernel read when it enumerated the
/// device. Reading it opens nothing and sends nothing.
package struct SysfsDevice: Sendable {
    /// Where the kernel lists the devices.
    package static let root = "/sys/bus/usb/devices"

    /// The folder's name: `1-2.4`, or `usb1` for a root hub.
    package let name: String
    /// Its path.
    let path: String

    /// The folder of this name, which may not be there.
    package init(name: String, root: String = Self.root) {
        self.name = name
        path = root + "/" + name
    }

    /// The folder of the device at `place`; `nil` when there is none, or another device is there
    /// now.
    package init?(at place: DevicePlace, root: String = Self.root) {
        let ports = place.ports.map(String.init).joined(separator: ".")
        self.init(name: ports.isEmpty ? "usb\(place.bus)" : "\(place.bus)-\(ports)", root: root)
        guard address == place.address else { return nil }
    }

    /// All devices that the kernel lists.
    package static func all(root: String = Self.root) -> [SysfsDevice] {
        SystemFile.names(in: root).filter { !$0.contains(":") }
            .map { SysfsDevice(name: $0, root: root) }
    }

    /// `devnum`, the address; given anew at each enumeration.
    package var address: UInt8? {
        SystemFile.number(path + "/devnum").flatMap { UInt8(exactly: $0) }
    }

    /// Where it is.
    package var place: DevicePlace? {
        guard let address,
            let bus = SystemFile.number(path + "/busnum").flatMap({ UInt8(exactly: $0) })
        else { return nil }
        let chain = name.split(separator: "-").dropFirst().first ?? ""
        let ports = chain.split(separator: ".").compactMap { UInt8($0) }
        return DevicePlace(bus: bus, address: address, ports: ports)
    }

    /// The device descriptor and all configurations, as the device sent them.
    package var descriptors: [UInt8]? { SystemFile.bytes(path + "/descriptors") }

    /// `bConfigurationValue`; `nil` when unconfigured.
    package var activeConfiguration: UInt8? {
        SystemFile.number(path + "/bConfigurationValue").flatMap { UInt8(exactly: $0) }
    }

    /// `authorized`: the kernel configures no other device.
    package var isAuthorized: Bool { SystemFile.number(path + "/authorized") != 0 }

    /// The signalling rate; `nil` when the kernel's number is none that we know.
    package var speed: Speed? {
        switch SystemFile.text(path + "/speed") {
        case "1.5": .low
        case "12": .full
        case "480": .high
        case "5000": .super
        case "10000", "20000": .superPlus
        default: nil
        }
    }

    /// The texts that the kernel read when it enumerated the device.
    package var strings: DeviceStrings {
        DeviceStrings(
            manufacturer: SystemFile.text(path + "/manufacturer"),
            product: SystemFile.text(path + "/product"),
            serialNumber: SystemFile.text(path + "/serial"))
    }

    /// The kernel driver that is bound to an interface of a configuration.
    package func kernelDriver(configuration: UInt8, interface: UInt8) -> String? {
        SystemFile.linkedName("\(path):\(configuration).\(interface)/driver")
    }
}

extension DevicePlace {
    /// The device's node.
    package var node: String {
        func padded(_ number: UInt8) -> String {
            String(repeating: "0", count: number < 10 ? 2 : number < 100 ? 1 : 0) + String(number)
        }
        return "/dev/bus/usb/\(padded(bus))/\(padded(address))"
    }

    /// The port's place in the form that reports use.
    package var location: DeviceLocation {
        DeviceLocation(bus: bus, address: address, ports: ports)
    }
}

extension Speed {
    /// libusb's number for it; `nil` for "unknown".
    package init?(libusb number: Int32) {
        switch number {
        case 1: self = .low
        case 2: self = .full
        case 3: self = .high
        case 4: self = .super
        case 5, 6: self = .superPlus
        default: return nil
        }
    }
}
