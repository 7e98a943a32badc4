import USBTypes

/// Makes descriptors of every shape that can be written, sensible or not.
extension SplitMix64 {
    mutating func version() -> BCDVersion {
        BCDVersion(rawValue: UInt16(truncatingIfNeeded: next()))
    }

    mutating func word() -> UInt16 { UInt16(truncatingIfNeeded: next() >> 20) }

    mutating func classCode() -> ClassCode {
        ClassCode(byte(), subclass: byte(), protocol: byte())
    }

    /// Seldom anything: most descriptors are as long as the specification has them.
    mutating func extra() -> [UInt8] { below(4) == 0 ? bytes(below(5)) : [] }

    /// Of a type that no part of a configuration is read as.
    mutating func classDescriptor() -> UnknownDescriptor {
        let types: [DescriptorType] = [.hid, 0x24, 0x25, .otg, 0x31, 0xFF]
        return UnknownDescriptor(types[below(types.count)], bytes(below(12)))
    }

    mutating func device() -> DeviceDescriptor {
        var device = DeviceDescriptor(
            usbVersion: version(), classCode: classCode(), maxPacketSize0: byte(),
            vendorID: word(), productID: word(), release: version(), manufacturerIndex: byte(),
            productIndex: byte(), serialNumberIndex: byte(), configurationCount: byte())
        device.extra = extra()
        return device
    }

    mutating func companion() -> SuperSpeedEndpointCompanionDescriptor {
        var companion = SuperSpeedEndpointCompanionDescriptor(
            maxBurst: byte(), attributes: byte(), bytesPerInterval: word())
        companion.extra = extra()
        return companion
    }

    mutating func endpoint() -> EndpointDescriptor {
        var endpoint = EndpointDescriptor(
            EndpointAddress(rawValue: byte()), .bulk, maxPacketSize: below(2048),
            transactionsPerMicroframe: 1 + below(3), interval: byte(),
            companion: below(2) == 0 ? companion() : nil,
            descriptors: list(upTo: 2) { $0.classDescriptor() })
        endpoint.attributes = byte()
        endpoint.extra = extra()
        return endpoint
    }

    mutating func interface() -> InterfaceDescriptor {
        var interface = InterfaceDescriptor(
            number: UInt8(below(4)), alternateSetting: UInt8(below(3)), classCode: classCode(),
            stringIndex: byte(), descriptors: list(upTo: 3) { $0.classDescriptor() },
            endpoints: list(upTo: 4) { $0.endpoint() })
        if below(8) == 0 { interface.endpointCount = byte() }
        interface.extra = extra()
        return interface
    }

    mutating func association() -> InterfaceAssociationDescriptor {
        var association = InterfaceAssociationDescriptor(
            firstInterface: UInt8(below(4)), interfaceCount: UInt8(below(4)),
            classCode: classCode(), stringIndex: byte())
        association.descriptors = list(upTo: 1) { $0.classDescriptor() }
        association.extra = extra()
        return association
    }

    mutating func configuration() -> ConfigurationDescriptor {
        var configuration = ConfigurationDescriptor(
            value: byte(), stringIndex: byte(), isSelfPowered: below(2) == 0,
            supportsRemoteWakeup: below(2) == 0, maxPower: byte(),
            descriptors: list(upTo: 2) { $0.classDescriptor() },
            items: list(upTo: 5) {
                $0.below(4) == 0
                    ? .association($0.association()) : .interface($0.interface())
            })
        if below(8) == 0 { configuration.interfaceCount = byte() }
        configuration.isOtherSpeed = below(4) == 0
        configuration.extra = extra()
        return configuration
    }

    mutating func capability() -> DeviceCapability {
        switch below(6) {
        case 0:
            var capability = USB2ExtensionCapability(attributes: UInt32(below(1 << 30)))
            capability.extra = extra()
            return .usb2Extension(capability)
        case 1:
            var capability = SuperSpeedCapability(
                attributes: byte(), speeds: word(), fullFunctionSpeed: byte(),
                u1ExitLatency: byte(), u2ExitLatency: word())
            capability.extra = extra()
            return .superSpeed(capability)
        case 2:
            var capability = ContainerIDCapability(uuid())
            capability.reserved = byte()
            capability.extra = extra()
            return .containerID(capability)
        case 3:
            var capability = PlatformCapability(uuid(), bytes(below(30)))
            capability.reserved = byte()
            return .platform(capability)
        case 4:
            return .superSpeedPlus(
                SuperSpeedPlusCapability(
                    attributes: UInt32(below(1 << 30)), functionality: word(),
                    sublinkSpeeds: (0...below(32)).map { UInt32($0) }))
        default:
            return .unknown(UnknownDescriptor(.deviceCapability, [0x80] + bytes(below(9))))
        }
    }

    mutating func bos() -> BOSDescriptor {
        var bos = BOSDescriptor(list(upTo: 6) { $0.capability() })
        if below(8) == 0 { bos.capabilityCount = byte() }
        bos.extra = extra()
        return bos
    }

    mutating func hid() -> HIDDescriptor {
        var hid = HIDDescriptor(
            hidVersion: version(), countryCode: byte(), reportLength: word())
        hid.subordinates = list(upTo: 80) {
            HIDDescriptor.Subordinate(DescriptorType(rawValue: $0.byte()), length: $0.word())
        }
        hid.extra = extra()
        return hid
    }

    mutating func uuid() -> USBUUID {
        USBUUID(rawValue: UInt128(next()) << 64 | UInt128(next()))
    }
}
