internal import USBTypes

/// Turns the parts of a description into configurations: numbers interfaces and settings, gives
/// texts their indices, and collects report descriptors.
struct ConfigurationLayout {
    let speed: Speed
    let isSelfPowered: Bool
    let supportsRemoteWakeup: Bool
    let maxPower: UInt8
    var strings: StringTable
    private(set) var reports: [(interface: UInt8, bytes: [UInt8])] = []

    init(
        speed: Speed, isSelfPowered: Bool, supportsRemoteWakeup: Bool, maxPower: UInt8,
        strings: StringTable
    ) {
        self.speed = speed
        self.isSelfPowered = isSelfPowered
        self.supportsRemoteWakeup = supportsRemoteWakeup
        self.maxPower = maxPower
        self.strings = strings
    }

    mutating func configurations(of parts: [DescriptionPart]) -> [ConfigurationDescriptor] {
        var loose: [Interface] = []
        var listed: [DeviceConfiguration] = []
        for part in parts {
            switch part {
            case .interface(let interface): loose.append(interface)
            case .configuration(let configuration): listed.append(configuration)
            }
        }
        var result: [ConfigurationDescriptor] = []
        if !loose.isEmpty || listed.isEmpty {
            result.append(configuration(1, name: nil, loose))
        }
        for entry in listed {
            result.append(
                configuration(UInt8(clamping: result.count + 1), name: entry.name, entry.interfaces)
            )
        }
        return result
    }

    private mutating func configuration(
        _ value: UInt8, name: String?, _ interfaces: [Interface]
    ) -> ConfigurationDescriptor {
        var items: [ConfigurationDescriptor.Item] = []
        for (number, interface) in interfaces.enumerated() {
            for setting in settings(of: interface, number: UInt8(clamping: number)) {
                items.append(.interface(setting))
            }
        }
        return ConfigurationDescriptor(
            value: value, stringIndex: strings.index(of: name), isSelfPowered: isSelfPowered,
            supportsRemoteWakeup: supportsRemoteWakeup, maxPower: maxPower, items: items)
    }

    private mutating func settings(
        of interface: Interface, number: UInt8
    ) -> [InterfaceDescriptor] {
        let stringIndex = strings.index(of: interface.name)
        var settings = [
            setting(
                interface.classCode, number: number, alternateSetting: 0, stringIndex: stringIndex,
                interface.parts)
        ]
        for part in interface.parts {
            guard case .setting(let other) = part else { continue }
            settings.append(
                setting(
                    other.classCode ?? interface.classCode, number: number,
                    alternateSetting: UInt8(clamping: settings.count), stringIndex: stringIndex,
                    other.parts))
        }
        return settings
    }

    private mutating func setting(
        _ classCode: ClassCode, number: UInt8, alternateSetting: UInt8, stringIndex: UInt8,
        _ parts: [InterfacePart]
    ) -> InterfaceDescriptor {
        var descriptors: [UnknownDescriptor] = []
        var endpoints: [EndpointDescriptor] = []
        for part in parts {
            switch part {
            case .endpoint(let endpoint): endpoints.append(endpoint.descriptor(at: speed))
            case .descriptor(let descriptor): descriptors.append(descriptor)
            case .hid(let hid):
                let bytes = HIDDescriptor(
                    hidVersion: hid.version, reportLength: UInt16(clamping: hid.bytes.count)
                ).bytes
                descriptors.append(UnknownDescriptor(.hid, Array(bytes.dropFirst(2))))
                reports.append((number, hid.bytes))
            case .setting: break
            }
        }
        return InterfaceDescriptor(
            number: number, alternateSetting: alternateSetting, classCode: classCode,
            stringIndex: stringIndex, descriptors: descriptors, endpoints: endpoints)
    }
}
