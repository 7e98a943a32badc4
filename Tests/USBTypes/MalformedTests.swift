import Testing
import USBTypes

@Suite struct MalformedTests {
    private func error(_ bytes: [UInt8]) -> DescriptorError? {
        do {
            _ = try ConfigurationDescriptor(bytes: bytes)
            return nil
        } catch { return error }
    }

    @Test(
        "L28: a configuration cut off anywhere is refused", arguments: DeviceShapes.configurations)
    func truncated(bytes: [UInt8]) throws {
        for count in 0..<bytes.count {
            let cut = Array(bytes.prefix(count))
            let found = try #require(error(cut), "\(count) bytes were enough")
            switch count {
            case 0, 1: break
            case ..<9: #expect(found.code == .truncated(needed: 9, available: count))
            default:
                #expect(
                    found.code
                        == .wrongTotalLength(declared: bytes.count, minimum: 9, available: count))
            }
            // With a total that agrees, the end may fall on a descriptor's end, and only there.
            guard count >= 9 else { continue }
            var agreeing = cut
            agreeing[2] = UInt8(count)
            guard let found = error(agreeing) else { continue }
            guard case .truncated(let needed, let available) = found.code else {
                Issue.record("\(found) for \(hex(agreeing))")
                continue
            }
            #expect(found.offset + available == count && needed > available)
        }
    }

    @Test("L28: each bLength with each value is refused or kept", arguments: DeviceShapes.all)
    func lengths(bytes: [UInt8]) throws {
        var start = 0
        while start < bytes.count {
            for length in UInt8.min...UInt8.max {
                var changed = bytes
                changed[start] = length
                let read = Result { () throws(DescriptorError) -> [UInt8] in
                    switch bytes[1] {
                    case 1: try DeviceDescriptor(bytes: changed).bytes
                    case 2: try ConfigurationDescriptor(bytes: changed).bytes
                    case 3: try StringDescriptor(bytes: changed).bytes
                    default: try BOSDescriptor(bytes: changed).bytes
                    }
                }
                switch read {
                case .success(let kept):
                    #expect(length >= 2 && changed.starts(with: kept), "\(hex(changed))")
                case .failure(let error):
                    #expect(length != bytes[start])
                    if length < 2 {
                        #expect(error.code == .tooShort(length: Int(length), minimum: 2))
                        #expect(error.offset == start)
                    }
                }
            }
            start += Int(bytes[start])
        }
        #expect(start == bytes.count)
    }

    @Test("L28: a total length that lies is refused", arguments: DeviceShapes.configurations)
    func totals(bytes: [UInt8]) {
        for total in 0...600 where total != bytes.count {
            var changed = bytes
            changed[2] = UInt8(truncatingIfNeeded: total)
            changed[3] = UInt8(total >> 8)
            guard let found = error(changed) else {
                // What a smaller total leaves out is not this configuration's.
                #expect(total < bytes.count)
                continue
            }
            guard total < 9 || total > bytes.count else { continue }
            #expect(
                found.code
                    == .wrongTotalLength(declared: total, minimum: 9, available: bytes.count))
        }
    }

    @Test(
        "L28: of a configuration cut off anywhere, what stands in front is salvaged",
        arguments: DeviceShapes.configurations)
    func salvage(bytes: [UInt8]) throws {
        for count in 9...bytes.count {
            let cut = Array(bytes.prefix(count))
            let (configuration, fault) = try ConfigurationDescriptor.salvage(cut)
            #expect((fault == nil) == (count == bytes.count))
            var end = 0
            while end < count, end + Int(bytes[end]) <= count { end += Int(bytes[end]) }
            #expect(configuration.bytes.dropFirst(4).elementsEqual(bytes[4..<end]))
        }
        let headless = Array(bytes.prefix(8))
        #expect(
            throws: DescriptorError(.truncated(needed: 9, available: 8), at: 0, in: .configuration)
        ) {
            _ = try ConfigurationDescriptor.salvage(headless)
        }
    }

    @Test("L28: a configuration with more behind it than a total can say is salvaged")
    func salvageLong() throws {
        var bytes = DeviceShapes.keyboard + [UInt8](repeating: 2, count: 70_000)
        bytes[2] = 0
        let (configuration, fault) = try ConfigurationDescriptor.salvage(bytes)
        #expect(configuration.bytes.count == 65535 && configuration.interfaces.count == 2)
        #expect(
            fault?.code == .wrongTotalLength(declared: 0, minimum: 9, available: 65535))
    }

    @Test("An error says which descriptor is wrong, where, and how")
    func descriptions() {
        var bytes = DeviceShapes.keyboard
        bytes[27] = 6
        #expect(
            error(bytes)?.description
                == "The endpoint descriptor at byte 27 has bLength 6, which must be at least 7.")
        bytes[27] = 60
        #expect(
            error(bytes)?.description
                == "The endpoint descriptor at byte 27 is cut off: it needs 60 bytes and 32 are"
                + " there.")
        #expect(
            error(DeviceShapes.device)?.description
                == "The configuration descriptor at byte 0 is not one: its bDescriptorType is 0x01."
        )
        #expect(
            error([9, 2, 8, 0, 1, 1, 0, 0, 0])?.description
                == "The configuration descriptor at byte 0 has wTotalLength 8, which must be at"
                + " least 9 and at most the 9 bytes that are there.")
        #expect(error([9])?.description.hasPrefix("The descriptor at byte 0 is cut off") == true)
    }

    @Test("L28: an endpoint in front of all interfaces is kept, and reported")
    func strayEndpoint() throws {
        let bytes: [UInt8] =
            [9, 2, 25, 0, 1, 1, 0, 0x80, 50]
            + [7, 5, 0x81, 3, 8, 0, 10] + [9, 4, 0, 0, 0, 255, 0, 0, 0]
        let read = try ConfigurationDescriptor(bytes: bytes)
        #expect(read.bytes == bytes && read.alternateSettings.map(\.endpoints) == [[]])
        #expect(read.validate(at: .full).map(\.rule) == [.descriptorPlace])
    }

    @Test("HID 1.11 §6.2.1: more subordinate descriptors than there is room for are refused")
    func subordinates() {
        #expect(throws: DescriptorError(.tooShort(length: 9, minimum: 12), at: 0, in: .hid)) {
            try HIDDescriptor(bytes: [9, 0x21, 0x11, 1, 0, 2, 0x22, 63, 0])
        }
    }
}
