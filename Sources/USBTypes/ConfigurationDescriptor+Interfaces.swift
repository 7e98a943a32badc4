extension ConfigurationDescriptor {
    /// An interface as a driver sees it: a number, and the alternate settings it can be in.
    public struct Interface: Hashable, Sendable {
        /// `bInterfaceNumber`.
        public let number: UInt8
        /// At least one, in the order in which they stand.
        public fileprivate(set) var alternateSettings: [InterfaceDescriptor]

        /// The first alternate setting of this number.
        public func alternateSetting(_ number: UInt8) -> InterfaceDescriptor? {
            alternateSettings.first { $0.alternateSetting == number }
        }
    }

    /// The alternate settings of all interfaces in the order in which they stand.
    public var alternateSettings: [InterfaceDescriptor] {
        items.compactMap { item in
            if case .interface(let interface) = item { interface } else { nil }
        }
    }

    /// The interface associations in the order in which they stand.
    public var associations: [InterfaceAssociationDescriptor] {
        items.compactMap { item in
            if case .association(let association) = item { association } else { nil }
        }
    }

    /// The interfaces in the order of their first alternate settings; the settings of one are put
    /// together even if others stand between them.
    public var interfaces: [Interface] {
        var interfaces: [Interface] = []
        var places = [Int?](repeating: nil, count: 256)
        for setting in alternateSettings {
            if let place = places[Int(setting.number)] {
                interfaces[place].alternateSettings.append(setting)
            } else {
                places[Int(setting.number)] = interfaces.count
                interfaces.append(
                    Interface(number: setting.number, alternateSettings: [setting]))
            }
        }
        return interfaces
    }

    /// The interface of this number.
    public func interface(_ number: UInt8) -> Interface? {
        let settings = alternateSettings.filter { $0.number == number }
        return settings.isEmpty ? nil : Interface(number: number, alternateSettings: settings)
    }

    /// The association whose function the interface of this number belongs to.
    public func association(of interface: UInt8) -> InterfaceAssociationDescriptor? {
        associations.first { $0.contains(interface) }
    }

    /// The endpoint of the number and direction of `address`, and the setting that has it, while
    /// the interfaces are in `alternateSettings`.
    ///
    /// - Parameter alternateSettings: The setting of each interface by the interface's number; an
    ///   interface not named is in setting 0.
    public func endpoint(
        _ address: EndpointAddress, alternateSettings selected: [UInt8: UInt8] = [:]
    ) -> (interface: InterfaceDescriptor, endpoint: EndpointDescriptor)? {
        for setting in alternateSettings
        where setting.alternateSetting == selected[setting.number, default: 0] {
            if let endpoint = setting.endpoint(address) { return (setting, endpoint) }
        }
        return nil
    }
}

extension ConfigurationDescriptor {
    /// Whether the device has a power supply of its own (`bmAttributes` bit 6).
    public var isSelfPowered: Bool { attributes & 0x40 != 0 }

    /// Whether the device can wake a suspended host (`bmAttributes` bit 5).
    public var supportsRemoteWakeup: Bool { attributes & 0x20 != 0 }

    /// The current the device may draw from the bus at `speed`, in milliamperes.
    public func maxCurrent(at speed: Speed) -> Int {
        Int(maxPower) * (speed >= .super ? 8 : 2)
    }
}
