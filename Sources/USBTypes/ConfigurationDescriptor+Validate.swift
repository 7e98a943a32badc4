extension ConfigurationDescriptor {
    /// What the configuration of a device that runs at `speed` does against the rules, in the
    /// order in which it stands; nothing if a host has no cause to complain.
    ///
    /// - Parameter strings: The indices of the strings that the device has, if known.
    public func validate(at speed: Speed, strings: Set<UInt8>? = nil) -> [DescriptorProblem] {
        var check = DescriptorCheck(strings: strings)
        checkFields(at: speed, &check)
        checkInterfaceNumbers(&check)
        checkAssociations(&check)
        for setting in alternateSettings { setting.check(at: speed, &check) }
        checkEndpointsShared(&check)
        return check.problems
    }

    private func checkFields(at speed: Speed, _ check: inout DescriptorCheck) {
        let place = DescriptorProblem.Place.configuration(value)
        check.require(value != 0, .configurationValue, place, "bConfigurationValue 0 means none")
        check.require(
            attributes & 0x9F == 0x80, .configurationAttributes, place,
            "bit 7 of bmAttributes \(hexadecimal(attributes)) must be 1, bits 4…0 must be 0")
        let limit = speed >= .super ? 900 : 500
        check.require(
            maxCurrent(at: speed) <= limit, .maxPower, place,
            "it draws \(maxCurrent(at: speed)) mA, the bus gives \(limit)")
        check.requireString(stringIndex, place)
        check.requireNotStandard(descriptors, place)
    }

    private func checkInterfaceNumbers(_ check: inout DescriptorCheck) {
        let place = DescriptorProblem.Place.configuration(value)
        let interfaces = interfaces
        check.require(
            Int(interfaceCount) == interfaces.count, .interfaceCount, place,
            "bNumInterfaces is \(interfaceCount), but it has \(interfaces.count)")
        let numbers = interfaces.map(\.number)
        check.require(
            numbers.sorted().elementsEqual((0..<interfaces.count).map(UInt8.init)),
            .interfaceNumbers, place, "its interfaces have the numbers \(numbers)")
        for interface in interfaces {
            let settings = interface.alternateSettings.map(\.alternateSetting)
            check.require(
                settings.sorted().map(Int.init).elementsEqual(0..<settings.count),
                .alternateSettings, place,
                "interface \(interface.number) has the alternate settings \(settings)")
        }
        var seen: Set<UInt8> = []
        var last: UInt8?
        for setting in alternateSettings where setting.number != last {
            check.require(
                seen.insert(setting.number).inserted, .alternateSettingOrder,
                .interface(setting.number, alternateSetting: setting.alternateSetting),
                "another interface stands between it and the interface's other settings")
            last = setting.number
        }
    }

    private func checkAssociations(_ check: inout DescriptorCheck) {
        let numbers = Set(alternateSettings.map(\.number))
        var begun: Set<UInt8> = []
        var associated: Set<UInt8> = []
        for item in items {
            switch item {
            case .interface(let setting): begun.insert(setting.number)
            case .association(let association):
                let place = DescriptorProblem.Place.association(
                    firstInterface: association.firstInterface)
                let members = (0..<Int(association.interfaceCount)).map {
                    Int(association.firstInterface) + $0
                }
                check.require(
                    !members.isEmpty
                        && members.allSatisfy { $0 < 256 && numbers.contains(UInt8($0)) },
                    .associationRange, place,
                    "not all of its \(association.interfaceCount) interfaces are there")
                let known = members.filter { $0 < 256 }.map(UInt8.init)
                check.require(
                    associated.isDisjoint(with: known), .associationRange, place,
                    "another association has an interface of its own")
                associated.formUnion(known)
                check.require(
                    begun.isDisjoint(with: known), .associationOrder, place,
                    "it must stand in front of its interfaces")
                check.require(
                    association.classCode.base != 0, .associationOrder, place,
                    "its bFunctionClass must not be 0")
                check.requireString(association.stringIndex, place)
                check.requireNotStandard(association.descriptors, place)
            }
        }
    }

    private func checkEndpointsShared(_ check: inout DescriptorCheck) {
        var owners: [EndpointAddress: UInt8] = [:]
        for setting in alternateSettings {
            for endpoint in setting.endpoints {
                let owner = owners[endpoint.address, default: setting.number]
                check.require(
                    owner == setting.number, .endpointUniqueness, setting.place(of: endpoint),
                    "interface \(owner) has this endpoint too")
                owners[endpoint.address] = owner
            }
        }
    }
}

extension InterfaceDescriptor {
    var place: DescriptorProblem.Place { .interface(number, alternateSetting: alternateSetting) }

    func place(of endpoint: EndpointDescriptor) -> DescriptorProblem.Place {
        .endpoint(endpoint.address, interface: number, alternateSetting: alternateSetting)
    }

    fileprivate func check(at speed: Speed, _ check: inout DescriptorCheck) {
        check.require(
            Int(endpointCount) == endpoints.count, .endpointCount, place,
            "bNumEndpoints is \(endpointCount), but it has \(endpoints.count)")
        check.requireString(stringIndex, place)
        check.requireNotStandard(descriptors, place)
        var seen: Set<EndpointAddress> = []
        for endpoint in endpoints {
            check.require(
                seen.insert(endpoint.address).inserted, .endpointUniqueness, place(of: endpoint),
                "the alternate setting has this endpoint twice")
            endpoint.check(at: speed, in: self, &check)
        }
    }
}
