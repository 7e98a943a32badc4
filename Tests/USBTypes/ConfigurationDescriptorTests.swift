import Testing
import USBTypes

@Suite struct ConfigurationDescriptorTests {
    @Test("USB 2.0 §9.6: a boot keyboard's configuration becomes a tree and its bytes again")
    func keyboard() throws {
        let bytes: [UInt8] = [
            9, 2, 34, 0, 1, 1, 0, 0xA0, 50,
            9, 4, 0, 0, 1, 3, 1, 1, 0,
            9, 0x21, 0x11, 1, 0, 1, 0x22, 63, 0,
            7, 5, 0x81, 3, 8, 0, 10,
        ]
        let configuration = try ConfigurationDescriptor(bytes: bytes)
        #expect(configuration.bytes == bytes)
        let interface = try #require(configuration.interface(0)?.alternateSetting(0))
        #expect(interface.classCode == .bootKeyboard)
        #expect(interface.descriptors.map(\.type) == [.hid])
        let found = try #require(configuration.endpoint(0x81))
        #expect(found.interface == interface)
        #expect(found.endpoint.pollingInterval(at: .full) == .milliseconds(10))
        #expect(found.endpoint.maxPacketSize == 8 && found.endpoint.transferType == .interrupt)
    }
}
