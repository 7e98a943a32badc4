import Testing
import USBTypes

/// One change to a sound description for each rule.
@Suite struct ValidationTests {
    private typealias Rule = DescriptorProblem.Rule

    private func vendor(
        _ endpoints: EndpointDescriptor..., setting: UInt8 = 0
    ) -> ConfigurationDescriptor {
        var settings: [ConfigurationDescriptor.Item] = []
        for number in 0...setting {
            settings.append(
                .interface(
                    InterfaceDescriptor(
                        number: 0, alternateSetting: number, classCode: .vendorSpecific,
                        endpoints: number == setting ? endpoints : [])))
        }
        return ConfigurationDescriptor(items: settings)
    }

    private func rules(
        _ bytes: [UInt8], at speed: Speed, _ change: (inout ConfigurationDescriptor) -> Void
    ) throws -> Set<Rule> {
        var configuration = try ConfigurationDescriptor(bytes: bytes)
        change(&configuration)
        let problems = configuration.validate(at: speed, strings: [4, 5, 6])
        for problem in problems { #expect(problem.description.hasSuffix(".")) }
        return Set(problems.map(\.rule))
    }

    @Test("USB 2.0 §9.6.3: what a configuration can do against the rules")
    func configurations() throws {
        func serial(_ change: (inout ConfigurationDescriptor) -> Void) throws -> Set<Rule> {
            try rules(DeviceShapes.serial, at: .high, change)
        }
        #expect(try serial { _ in } == [])
        #expect(try serial { $0.value = 0 } == [.configurationValue])
        #expect(try serial { $0.attributes = 0x40 } == [.configurationAttributes])
        #expect(try serial { $0.maxPower = 251 } == [.maxPower])
        #expect(try serial { $0.stringIndex = 9 } == [.stringIndex])
        #expect(try serial { $0.interfaceCount = 2 } == [.interfaceCount])
        #expect(
            try serial { $0.descriptors = [UnknownDescriptor(.device, [])] } == [.descriptorPlace])
        #expect(
            try serial {
                $0.items.removeLast()
                $0.items.append(.interface(InterfaceDescriptor(number: 3, classCode: .hid)))
            } == [.interfaceNumbers])
        #expect(
            try serial {
                $0.items.append(
                    .interface(
                        InterfaceDescriptor(number: 2, alternateSetting: 2, classCode: .hid)))
            } == [.alternateSettings])
    }

    @Test("USB 3.2 §9.6.4: what an association can do against the rules")
    func associations() throws {
        func serial(_ change: (inout ConfigurationDescriptor) -> Void) throws -> Set<Rule> {
            try rules(DeviceShapes.serial, at: .high, change)
        }
        func association(_ first: UInt8, _ count: UInt8) -> ConfigurationDescriptor.Item {
            .association(
                InterfaceAssociationDescriptor(
                    firstInterface: first, interfaceCount: count, classCode: .video))
        }
        #expect(try serial { $0.items[0] = association(0, 0) } == [.associationRange])
        #expect(try serial { $0.items[0] = association(1, 3) } == [.associationRange])
        #expect(try serial { $0.items[0] = association(255, 255) } == [.associationRange])
        #expect(try serial { $0.items.insert(association(0, 1), at: 0) } == [.associationRange])
        #expect(try serial { $0.items.append($0.items.removeFirst()) } == [.associationOrder])
        #expect(
            try serial {
                $0.items[0] = .association(
                    InterfaceAssociationDescriptor(
                        firstInterface: 0, interfaceCount: 2, classCode: .perInterface))
            } == [.associationOrder])
    }

    @Test("USB 2.0 §9.6.6: an endpoint's number, and that it is one endpoint")
    func endpoints() throws {
        func rules(_ endpoints: EndpointDescriptor...) -> [Rule] {
            var configuration = vendor()
            configuration.items = [
                .interface(
                    InterfaceDescriptor(
                        number: 0, classCode: .vendorSpecific, endpoints: endpoints))
            ]
            return configuration.validate(at: .full).map(\.rule)
        }
        let bulk = EndpointDescriptor(0x81, .bulk, maxPacketSize: 64)
        #expect(rules(bulk) == [])
        #expect(rules(EndpointDescriptor(0x80, .bulk, maxPacketSize: 64)) == [.endpointAddress])
        #expect(rules(EndpointDescriptor(0x91, .bulk, maxPacketSize: 64)) == [.endpointAddress])
        #expect(rules(bulk, bulk) == [.endpointUniqueness])
        var misplaced = bulk
        misplaced.descriptors = [UnknownDescriptor(.superSpeedEndpointCompanion, [0, 0, 0, 0])]
        #expect(rules(misplaced) == [.descriptorPlace])
        let shared = try self.rules(DeviceShapes.keyboard, at: .low) { keyboard in
            guard case .interface(var second) = keyboard.items[1] else { return }
            second.endpoints[0].address = 0x81
            second.endpointCount = 2
            keyboard.items[1] = .interface(second)
        }
        #expect(shared == [.endpointUniqueness, .endpointCount])
    }

    @Test("USB 2.0 §5.5.3 … §5.8.3, USB 3.2 §9.6.6: the packet sizes of each speed, and no others")
    func packetSizes() {
        let allowed: [(TransferType, Speed, Set<Int>)] = [
            (.bulk, .full, [8, 16, 32, 64]), (.bulk, .high, [512]), (.bulk, .super, [1024]),
            (.control, .low, [8]), (.control, .full, [8, 16, 32, 64]), (.control, .high, [64]),
            (.control, .super, [512]), (.interrupt, .low, Set(1...8)),
            (.interrupt, .full, Set(1...64)), (.interrupt, .high, Set(1...1024)),
            (.isochronous, .full, Set(0...1023)), (.isochronous, .high, Set(0...1024)),
            (.isochronous, .superPlus, Set(0...1024)),
        ]
        for (type, speed, sizes) in allowed {
            let companion = speed >= .super ? SuperSpeedEndpointCompanionDescriptor() : nil
            let fit = (0...2047).filter { size in
                let endpoint = EndpointDescriptor(
                    0x81, type, maxPacketSize: size, interval: 10, companion: companion)
                return vendor(endpoint, setting: 1).validate(at: speed).isEmpty
            }
            #expect(Set(fit) == sizes, "\(type) at \(speed) speed")
        }
        let slow = EndpointDescriptor(0x81, .bulk, maxPacketSize: 8)
        #expect(vendor(slow).validate(at: .low).map(\.rule) == [.transferType])
    }

    @Test("USB 2.0 §9.6.6: intervals, additional transactions, and the default setting's bandwidth")
    func bandwidth() {
        func rules(
            _ type: TransferType, _ size: Int, times: Int = 1, every interval: UInt8 = 4,
            at speed: Speed = .high, setting: UInt8 = 1
        ) -> [Rule] {
            let endpoint = EndpointDescriptor(
                0x81, type, maxPacketSize: size, transactionsPerMicroframe: times,
                interval: interval)
            return vendor(endpoint, setting: setting).validate(at: speed).map(\.rule)
        }
        #expect(rules(.interrupt, 8, every: 16) == [])
        #expect(rules(.interrupt, 8, every: 17) == [.interval])
        #expect(rules(.interrupt, 8, every: 255, at: .full) == [])
        #expect(rules(.interrupt, 8, every: 0, at: .full) == [.interval])
        #expect(rules(.interrupt, 8, every: 9, at: .low) == [.interval])
        #expect(rules(.isochronous, 8, every: 17, at: .full) == [.interval])
        #expect(rules(.isochronous, 1024, times: 3) == [])
        #expect(rules(.interrupt, 682, times: 3) == [.transactionsPerMicroframe])
        #expect(rules(.bulk, 512, times: 2) == [.transactionsPerMicroframe])
        #expect(rules(.isochronous, 1000, times: 2, at: .full) == [.transactionsPerMicroframe])
        #expect(rules(.isochronous, 8, setting: 0) == [.defaultBandwidth])
        #expect(rules(.interrupt, 65, setting: 0) == [.defaultBandwidth])
        #expect(rules(.interrupt, 64, setting: 0) == [])
    }

    @Test("USB 3.2 §9.6.7: companions at SuperSpeed, that fit, and nowhere else")
    func companions() {
        func rules(
            _ type: TransferType, _ size: Int, _ companion: SuperSpeedEndpointCompanionDescriptor?,
            at speed: Speed = .super
        ) -> [Rule] {
            let endpoint = EndpointDescriptor(
                0x81, type, maxPacketSize: size, interval: 1, companion: companion)
            return vendor(endpoint, setting: 1).validate(at: speed).map(\.rule)
        }
        typealias Companion = SuperSpeedEndpointCompanionDescriptor
        #expect(rules(.bulk, 1024, nil) == [.companionPresence])
        #expect(rules(.bulk, 512, Companion(), at: .high) == [.companionPresence])
        #expect(rules(.bulk, 1024, Companion(maxBurst: 15, attributes: 16)) == [])
        #expect(rules(.bulk, 1024, Companion(maxBurst: 16)) == [.companionFields])
        #expect(rules(.bulk, 1024, Companion(attributes: 17)) == [.companionFields])
        #expect(rules(.bulk, 1024, Companion(bytesPerInterval: 1)) == [.companionFields])
        #expect(rules(.interrupt, 8, Companion(bytesPerInterval: 8)) == [])
        #expect(rules(.interrupt, 8, Companion(bytesPerInterval: 9)) == [.companionFields])
        #expect(rules(.interrupt, 8, Companion(maxBurst: 1)) == [.maxPacketSize])
        let most = Companion(maxBurst: 15, attributes: 2, bytesPerInterval: 49152)
        #expect(rules(.isochronous, 1024, most) == [])
        #expect(rules(.isochronous, 8, Companion(attributes: 1)) == [.companionFields])
    }

    @Test("USB 2.0 §9.6.1: what a device descriptor can do against the rules")
    func devices() throws {
        var device = try DeviceDescriptor(bytes: DeviceShapes.device)
        #expect(device.validate(at: .high, strings: [1, 2, 3]) == [])
        #expect(device.validate(at: .low).map(\.rule) == [.controlPacketSize])
        #expect(device.validate(at: .full, strings: [1, 3]).map(\.rule) == [.stringIndex])
        device.maxPacketSize0 = 9
        #expect(device.validate(at: .super).map(\.rule) == [.usbVersion])
        device.usbVersion = 0x0300
        device.configurationCount = 0
        #expect(device.validate(at: .super).map(\.rule) == [.configurationCount])
        var bos = try BOSDescriptor(bytes: DeviceShapes.bos)
        bos.capabilityCount = 1
        bos.capabilities.append(.unknown(UnknownDescriptor(.endpoint, [])))
        #expect(bos.validate().map(\.rule) == [.capabilityCount, .descriptorPlace])
    }

    @Test("A problem says what breaks the rule and how")
    func descriptions() {
        let endpoint = EndpointDescriptor(0x81, .bulk, maxPacketSize: 64)
        #expect(
            vendor(endpoint).validate(at: .high).map(\.description) == [
                "Interface 0, alternate setting 0, endpoint 0x81: a packet of 64 bytes is not"
                    + " allowed to a bulk endpoint at high speed."
            ])
    }
}
