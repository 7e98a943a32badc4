internal import USBTypes

/// What the device's handlers are told after a standard request.
enum StandardOutcome {
    case nothing
    case configured(UInt8)
    case selected(interface: UInt8, setting: UInt8)
}

/// The framework's answers to chapter 9's requests, from the device's state (USB 2.0 §9.4).
extension PortCore {
    func answerStandard(
        _ setup: SetupPacket, _ data: inout ControlData
    ) throws(Stall) -> StandardOutcome {
        guard let request = setup.standardRequest else { throw Stall() }
        switch (request, setup.direction) {
        case (.getDescriptor, .in):
            data.bytes = try descriptor(for: setup)
        case (.getStatus, .in):
            data.append(contentsOf: [try status(for: setup), 0])
        case (.getConfiguration, .in):
            data.append(configuration?.value ?? 0)
        case (.getInterface, .in):
            guard let setting = alternateSetting(of: try interface(of: setup)) else {
                throw Stall()
            }
            data.append(setting)
        case (.setAddress, .out):
            guard setup.value <= 127, configuration == nil else { throw Stall() }
            address = UInt8(setup.value)
        case (.setConfiguration, .out):
            return try setConfiguration(setup)
        case (.setInterface, .out):
            let interface = try interface(of: setup)
            guard setup.value <= 255, select(setting: UInt8(setup.value), of: interface) else {
                throw Stall()
            }
            return .selected(interface: interface, setting: UInt8(setup.value))
        case (.setFeature, .out):
            try setFeature(setup, true)
        case (.clearFeature, .out):
            try setFeature(setup, false)
        case (.setSystemExitLatency, .out), (.setIsochronousDelay, .out):
            guard let description, description.speed >= .super else { throw Stall() }
        default:
            throw Stall()
        }
        return .nothing
    }

    private func interface(of setup: SetupPacket) throws(Stall) -> UInt8 {
        guard setup.recipient == .interface, setup.index <= 255 else { throw Stall() }
        return UInt8(setup.index)
    }

    private func setConfiguration(_ setup: SetupPacket) throws(Stall) -> StandardOutcome {
        guard setup.recipient == .device, setup.value <= 255 else { throw Stall() }
        let value = UInt8(setup.value)
        if value == 0 {
            select(nil)
        } else if let found = description?.configuration(value) {
            select(found)
        } else {
            throw Stall()
        }
        return .configured(value)
    }

    private func status(for setup: SetupPacket) throws(Stall) -> UInt8 {
        switch setup.recipient {
        case .device:
            let isSelfPowered =
                (configuration ?? description?.configurations.first)?.isSelfPowered ?? false
            return (isSelfPowered ? 1 : 0) | (isRemoteWakeupEnabled ? 2 : 0)
        case .interface:
            guard alternateSetting(of: try interface(of: setup)) != nil else { throw Stall() }
            return 0
        case .endpoint:
            return try endpoint(of: setup).isHalted ? 1 : 0
        default:
            throw Stall()
        }
    }

    private func endpoint(of setup: SetupPacket) throws(Stall) -> EndpointCore {
        let address = EndpointAddress(rawValue: UInt8(truncatingIfNeeded: setup.index))
        guard setup.recipient == .endpoint, let endpoint = endpoint(address), endpoint.isActive
        else { throw Stall() }
        return endpoint
    }

    private func setFeature(_ setup: SetupPacket, _ isOn: Bool) throws(Stall) {
        let feature = SetupPacket.Feature(rawValue: setup.value)
        let isSuper = (description?.speed ?? .high) >= .super
        switch (setup.recipient, feature) {
        case (.endpoint, .endpointHalt):
            let endpoint = try endpoint(of: setup)
            // A halt of endpoint 0 would end with the next SETUP anyway (§9.4.5).
            guard endpoint.address.number != 0 else { return }
            if isOn { endpoint.halt() } else { endpoint.clearHalt() }
        case (.device, .deviceRemoteWakeup):
            guard configuration?.supportsRemoteWakeup == true else { throw Stall() }
            isRemoteWakeupEnabled = isOn
        case (.device, .u1Enable), (.device, .u2Enable):
            guard isSuper, configuration != nil else { throw Stall() }
        case (.interface, .functionSuspend):
            guard isSuper else { throw Stall() }
        default:
            throw Stall()
        }
    }

    // MARK: Descriptors

    private func descriptor(for setup: SetupPacket) throws(Stall) -> [UInt8] {
        guard let description else { throw Stall() }
        let (type, index) = (setup.descriptorType, setup.descriptorIndex)
        if setup.recipient == .interface { return try interfaceDescriptor(for: setup) }
        guard setup.recipient == .device else { throw Stall() }
        for override in description.overrides
        where override.type == type && override.index == index { return override.bytes }
        let isIndexed = Int(index) < description.configurations.count
        switch type {
        case .device:
            return description.device.bytes
        case .configuration where isIndexed:
            return description.configurations[Int(index)].bytes
        case .string where index == 0 && !description.strings.isEmpty:
            return LanguageListDescriptor([.englishUnitedStates]).bytes
        case .string:
            guard let text = description.string(index), let string = StringDescriptor(text) else {
                throw Stall()
            }
            return string.bytes
        case .deviceQualifier where description.speed == .high:
            return DeviceQualifierDescriptor(of: description.device).bytes
        case .otherSpeedConfiguration where description.speed == .high && isIndexed:
            return description.configurations[Int(index)].atFullSpeed.bytes
        case .bos:
            guard let bos = description.bos else { throw Stall() }
            return bos.bytes
        default:
            throw Stall()
        }
    }

    /// HID's own descriptors are asked of the interface (HID 1.11 §7.1.1).
    private func interfaceDescriptor(for setup: SetupPacket) throws(Stall) -> [UInt8] {
        let number = try interface(of: setup)
        guard let description, let setting = alternateSetting(of: number),
            let interface = configuration?.interface(number)?.alternateSetting(setting)
        else { throw Stall() }
        for override in description.overrides
        where override.type == setup.descriptorType && override.index == setup.descriptorIndex {
            return override.bytes
        }
        if setup.descriptorType == .hidReport {
            for report in description.reportDescriptors where report.interface == number {
                return report.bytes
            }
        }
        for descriptor in interface.descriptors where descriptor.type == setup.descriptorType {
            return descriptor.bytes
        }
        throw Stall()
    }
}

extension ConfigurationDescriptor {
    /// What a high-speed device's configuration would be at full speed (USB 2.0 §9.6.4).
    fileprivate var atFullSpeed: ConfigurationDescriptor {
        var other = self
        other.isOtherSpeed = true
        for index in other.items.indices {
            guard case .interface(var setting) = other.items[index] else { continue }
            for place in setting.endpoints.indices {
                setting.endpoints[place] = setting.endpoints[place].atFullSpeed
            }
            other.items[index] = .interface(setting)
        }
        return other
    }
}

extension EndpointDescriptor {
    fileprivate var atFullSpeed: EndpointDescriptor {
        let most = transferType == .isochronous ? 1023 : 64
        var slow = self
        slow.rawMaxPacketSize = UInt16(min(maxPacketSize, most))
        if transferType == .interrupt, 1...16 ~= interval {
            slow.interval = UInt8(clamping: max(1, (1 << (Int(interval) - 1)) / 8))
        } else if transferType == .isochronous, 1...16 ~= interval {
            slow.interval = max(1, interval - min(interval, 3))
        }
        return slow
    }
}
