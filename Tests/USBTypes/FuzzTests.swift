import Testing
import USBTypes

/// Parses bytes that no device should send. `FUZZ_INPUTS` and `FUZZ_SEED` in the environment say
/// how many and which; a trap prints the input as well.
@Suite struct FuzzTests {
    @Test("L28: any bytes are parsed or refused, without a trap or a loss")
    func anyBytes() throws {
        let count = environment("FUZZ_INPUTS").flatMap { Int($0) } ?? 50_000
        let seed = environment("FUZZ_SEED").flatMap { UInt64($0) } ?? 1
        var parsed = 0
        let report = TrapReport()
        defer { report.end() }
        for index in 0..<count {
            var random = SplitMix64(seed: seed &+ UInt64(index))
            let input = random.input()
            report.note(input)
            let kept = check(input)
            parsed += kept.parsed
            guard kept.failures.isEmpty else {
                Issue.record(
                    "FUZZ_SEED=\(seed) input \(index): \(kept.failures) lose \(hex(input))")
                return
            }
        }
        // The inputs must not all be refused at the first byte.
        #expect(parsed > count / 10, "only \(parsed) of \(count) inputs were parsed")
    }

    /// How many kinds of descriptor the input is read as, and which of them lose something.
    private func check(_ input: [UInt8]) -> (parsed: Int, failures: [String]) {
        var parsed = 0
        var failures: [String] = []
        func attempt<D: USBDescriptor>(_: D.Type) -> D? {
            var cursor = DescriptorCursor(unsafe input.span.bytes)
            do {
                let value = try D(from: &cursor)
                let bytes = value.bytes
                parsed += 1
                if bytes != Array(input.prefix(cursor.offset)) { failures.append("\(D.self)") }
                return value
            } catch {
                if error.offset < 0 || error.offset > input.count || error.description.isEmpty {
                    failures.append("\(D.self)'s error \(error)")
                }
                return nil
            }
        }
        let configuration = attempt(ConfigurationDescriptor.self)
        if let configuration {
            _ = configuration.validate(at: .high, strings: [])
            _ = configuration.validate(at: .super)
            for setting in configuration.alternateSettings {
                _ = try? setting.hidDescriptor()
                for endpoint in setting.endpoints {
                    for speed in Speed.allCases { _ = endpoint.pollingInterval(at: speed) }
                    _ = configuration.endpoint(endpoint.address)
                }
            }
        }
        if let salvaged = try? ConfigurationDescriptor.salvage(input) {
            if salvaged.fault == nil, salvaged.configuration != configuration {
                failures.append("salvage")
            }
            _ = salvaged.configuration.validate(at: .full)
        }
        _ = attempt(DeviceDescriptor.self).map { device in
            Speed.allCases.map { (device.validate(at: $0), device.controlPacketSize(at: $0)) }
        }
        _ = attempt(BOSDescriptor.self)?.validate()
        _ = attempt(StringDescriptor.self)?.string
        _ = attempt(LanguageListDescriptor.self)
        _ = attempt(DeviceQualifierDescriptor.self)
        _ = attempt(HIDDescriptor.self)?.reportLength
        _ = attempt(InterfaceDescriptor.self)
        _ = attempt(InterfaceAssociationDescriptor.self)
        _ = attempt(EndpointDescriptor.self)?.companion?.maxStreams
        _ = attempt(DeviceCapability.self)
        _ = attempt(UnknownDescriptor.self)
        return (parsed, failures)
    }
}

extension SplitMix64 {
    /// Bytes that are now noise, now a descriptor, mostly a descriptor with a few things wrong.
    fileprivate mutating func input() -> [UInt8] {
        var bytes: [UInt8]
        switch below(8) {
        case 0: return self.bytes(below(64))
        case 1: bytes = configuration().bytes
        case 2: bytes = bos().bytes
        case 3: bytes = interface().bytes
        case 4: bytes = hid().bytes
        case 5: bytes = capability().bytes
        default: bytes = DeviceShapes.all[below(DeviceShapes.all.count)]
        }
        for _ in 0..<below(4) where !bytes.isEmpty {
            let place = below(bytes.count)
            switch below(6) {
            case 0: bytes.removeSubrange(place...)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(byte(), at: place)
            case 3: bytes[place] = UInt8(below(12))
            case 4: bytes[place] ^= 1 << UInt8(below(8))
            default: bytes.replaceSubrange(place..., with: self.bytes(below(20)))
            }
        }
        // A changed length would nearly always be refused for its sum.
        if below(2) == 0, bytes.count > 4, bytes[1] == 2 || bytes[1] == 15 {
            bytes[2] = UInt8(truncatingIfNeeded: bytes.count)
            bytes[3] = UInt8(truncatingIfNeeded: bytes.count >> 8)
        }
        return bytes
    }
}
