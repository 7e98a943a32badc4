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
