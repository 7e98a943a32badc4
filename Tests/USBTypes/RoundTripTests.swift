import Testing
import USBTypes

@Suite struct RoundTripTests {
    private static let seeds: Range<UInt64> = 0..<8

    private func check<D: USBDescriptor>(
        _ count: Int, seed: UInt64, _ make: (inout SplitMix64) -> D
    ) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<count {
            let value = make(&random)
            let bytes = value.bytes
            #expect(try D(bytes: bytes) == value, "\(hex(bytes))")
            // What follows a descriptor is another's.
            #expect(try D(bytes: bytes + random.bytes(3)).bytes == bytes, "\(hex(bytes))")
        }
    }

    @Test("L28: a parse of an encode gives the same configuration", arguments: seeds)
    func configurations(seed: UInt64) throws {
        try check(100, seed: seed) { $0.configuration() }
        // Within an interface the bytes behind would belong to it.
        var random = SplitMix64(seed: seed)
        for _ in 0..<50 {
            let interface = random.interface()
            #expect(try InterfaceDescriptor(bytes: interface.bytes) == interface)
        }
    }

    @Test("L28: a parse of an encode gives the same descriptor, of each kind", arguments: seeds)
    func others(seed: UInt64) throws {
        try check(100, seed: seed) { $0.device() }
        try check(100, seed: seed) { DeviceQualifierDescriptor(of: $0.device()) }
        try check(100, seed: seed) { $0.companion() }
        try check(100, seed: seed) { $0.bos() }
        try check(100, seed: seed) { $0.hid() }
        try check(100, seed: seed) { $0.classDescriptor() }
        try check(100, seed: seed) {
            LanguageListDescriptor($0.list(upTo: 126) { LanguageID(rawValue: $0.word()) })
        }
    }

    @Test("L28: an encode of a parse gives the same bytes", arguments: DeviceShapes.configurations)
    func shapes(bytes: [UInt8]) throws {
        #expect(try ConfigurationDescriptor(bytes: bytes).bytes == bytes)
        #expect(Int(bytes[2]) == bytes.count)
    }

    @Test("Several descriptors in a row are read with one cursor")
    func row() throws {
        let bytes = DeviceShapes.device + DeviceShapes.serial + DeviceShapes.keyboard
        var cursor = DescriptorCursor(unsafe bytes.span.bytes)
        #expect(try DeviceDescriptor(from: &cursor).bytes == DeviceShapes.device)
        #expect(cursor.offset == 18)
        #expect(try ConfigurationDescriptor(from: &cursor).bytes == DeviceShapes.serial)
        #expect(try ConfigurationDescriptor(from: &cursor).bytes == DeviceShapes.keyboard)
        #expect(cursor.remaining == 0)
    }
}

func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
