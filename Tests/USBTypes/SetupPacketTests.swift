import Testing
import USBTypes

@Suite struct SetupPacketTests {
    @Test("USB 2.0 §9.3: eight bytes in, the same eight bytes out, for every request type")
    func roundTrip() {
        for requestType in UInt8.min...UInt8.max {
            let setup = SetupPacket(
                requestType: requestType, request: 6, value: 0x0102, index: 0xA0B0, length: 0xFFFE)
            #expect(SetupPacket(bytes: setup.bytes) == setup)
        }
    }

    @Test("USB 2.0 §9.3, table 9-2: the parts of bmRequestType stand where the table has them")
    func parts() {
        let setup = SetupPacket(.in, .vendor, .endpoint, request: 1, index: 0x81, length: 4)
        #expect(setup.requestType == 0xC2)
        #expect(setup.direction == .in && setup.kind == .vendor && setup.recipient == .endpoint)
    }
}

@Suite struct StandardRequestTests {
    private func bytes(_ setup: SetupPacket) -> [UInt8] {
        let bytes = setup.bytes
        return bytes.indices.map { bytes[$0] }
    }

    @Test("USB 2.0 §9.4, table 9-3: each standard request as the table has it")
    func table() {
        #expect(
            bytes(.getDescriptor(.string, index: 2, language: .englishUnitedStates, length: 255))
                == [0x80, 6, 2, 3, 9, 4, 255, 0])
        #expect(bytes(.getDescriptor(.device, length: 18)) == [0x80, 6, 0, 1, 0, 0, 18, 0])
        #expect(
            bytes(.getDescriptor(.hidReport, interface: 1, length: 63))
                == [0x81, 6, 0, 0x22, 1, 0, 63, 0])
        #expect(bytes(.getStatus()) == [0x80, 0, 0, 0, 0, 0, 2, 0])
        #expect(bytes(.getStatus(of: .endpoint, index: 0x81)) == [0x82, 0, 0, 0, 0x81, 0, 2, 0])
        #expect(bytes(.setFeature(.deviceRemoteWakeup)) == [0, 3, 1, 0, 0, 0, 0, 0])
        #expect(bytes(.clearHalt(0x81)) == [2, 1, 0, 0, 0x81, 0, 0, 0])
        #expect(bytes(.setAddress(5)) == [0, 5, 5, 0, 0, 0, 0, 0])
        #expect(bytes(.getConfiguration) == [0x80, 8, 0, 0, 0, 0, 1, 0])
        #expect(bytes(.setConfiguration(1)) == [0, 9, 1, 0, 0, 0, 0, 0])
        #expect(bytes(.getInterface(3)) == [0x81, 10, 0, 0, 3, 0, 1, 0])
        #expect(bytes(.setInterface(3, alternateSetting: 2)) == [1, 11, 2, 0, 3, 0, 0, 0])
    }

    @Test("USB 2.0 §9.4: a device recognises the standard requests, and no others")
    func recognition() {
        let setup = SetupPacket.getDescriptor(.configuration, index: 1, length: 9)
        #expect(setup.standardRequest == .getDescriptor)
        #expect(setup.descriptorType == .configuration && setup.descriptorIndex == 1)
        #expect(SetupPacket(.in, .vendor, request: 6).standardRequest == nil)
        #expect(SetupPacket(.in, .standard, request: 2).standardRequest == nil)
    }
}
