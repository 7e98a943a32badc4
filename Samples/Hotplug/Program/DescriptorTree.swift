import DriverFoundation
import SampleHost

/// A device's descriptors as an indented list that people read.
enum DescriptorTree {
    static func lines(of device: AttachedDevice) -> [String] {
        let descriptor = device.descriptor
        let ids = DeviceID(vendor: descriptor.vendorID, product: descriptor.productID)
        var lines = [
            "device \(ids)" + quoted(device.strings.product)
                + (device.strings.manufacturer.map { " by \($0)" } ?? "")
                + (device.strings.serialNumber.map { ", serial number \($0)" } ?? ""),
            "  at \(device.location), address \(device.location.address), "
                + "\(name(device.speed)) speed",
            "  USB \(descriptor.usbVersion), release \(descriptor.release), "
                + name(descriptor.classCode),
        ]
        for configuration in device.configurations {
            let isActive = configuration.value == device.activeConfiguration
            lines.append(
                "  configuration \(configuration.value)\(isActive ? ", in force" : ""), "
                    + (configuration.isSelfPowered ? "self-powered, " : "")
                    + "\(configuration.maxCurrent(at: device.speed)) mA")
            for interface in configuration.interfaces {
                lines += interface.alternateSettings.flatMap { Self.lines(of: $0, device.speed) }
            }
        }
        return lines
    }

    private static func lines(of setting: InterfaceDescriptor, _ speed: Speed) -> [String] {
        let alternate =
            setting.alternateSetting == 0 ? "" : ", alternate setting \(setting.alternateSetting)"
        let head = "    interface \(setting.number)\(alternate): \(name(setting.classCode))"
        return [head]
            + setting.endpoints.map { endpoint in
                let direction = endpoint.address.direction == .in ? "IN" : "OUT"
                let interval = endpoint.pollingInterval(at: speed).map {
                    " every \(Narrator.milliseconds($0))"
                }
                return "      endpoint \(endpoint.address): \(endpoint.transferType) \(direction), "
                    + "\(endpoint.maxPacketSize) bytes" + (interval ?? "")
            }
    }

    private static func quoted(_ text: String?) -> String { text.map { " “\($0)”" } ?? "" }

    private static func name(_ speed: Speed) -> String {
        switch speed {
        case .low: "low"
        case .full: "full"
        case .high: "high"
        case .super: "super"
        case .superPlus: "super-plus"
        }
    }

    private static func name(_ code: ClassCode) -> String {
        let names: [(ClassCode, String)] = [
            (.bootKeyboard, "boot keyboard"), (.bootMouse, "boot mouse"),
            (.bulkOnlyStorage, "bulk-only storage"), (.attachedSCSI, "attached SCSI"),
            (.abstractControlModel, "serial port"), (.firmwareUpgrade, "firmware upgrade"),
            (.perInterface, "class by interface"), (.interfaceAssociation, "functions"),
        ]
        if let name = names.first(where: { $0.0 == code })?.1 { return "\(name) (\(code))" }
        let bases: [(ClassCode, String)] = [
            (.audio, "audio"), (.communications, "communications"), (.hid, "HID"),
            (.image, "image"), (.printer, "printer"), (.massStorage, "mass storage"),
            (.hub, "hub"), (.communicationsData, "CDC data"), (.smartCard, "smart card"),
            (.video, "video"), (.wireless, "wireless"),
            (.applicationSpecific, "application specific"), (.vendorSpecific, "vendor specific"),
        ]
        let base = bases.first { $0.0.base == code.base }?.1 ?? "class"
        return "\(base) (\(code))"
    }
}
