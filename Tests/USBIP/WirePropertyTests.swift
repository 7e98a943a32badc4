import DriverSimulation
import Testing
import USBTypes

@testable import USBIP

/// What holds for every message.
@Suite struct WirePropertyTests {
    @Test("usbip §6.3: what is written is read back as it was", arguments: 0..<8 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let request = try random.operationRequest()
            let parsedRequest = try OperationRequest.parse(request.bytes.raw)
            #expect(parsedRequest?.request == request)
            #expect(parsedRequest?.size == request.bytes.count)

            let reply = try random.operationReply()
            let parsedReply = try OperationReply.parse(reply.bytes.raw)
            #expect(parsedReply?.reply == reply)
            #expect(parsedReply?.size == reply.bytes.count)

            let command = random.command()
            #expect(command.bytes.count == 48)
            let limit = 1 << 24
            #expect(
                try TransferCommand.parse(command.bytes.raw, maximumLength: limit) == command)
            let ended = random.reply()
            #expect(ended.bytes.count == 48)
            #expect(try TransferReply.parse(ended.bytes.raw) == ended)
        }
    }

    @Test("usbip §1.14: a part of a message is neither a message nor an error")
    func truncation() throws {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<20 {
            let request = try random.operationRequest().bytes
            for count in 0..<request.count {
                #expect(try OperationRequest.parse(request.raw.extracting(0..<count)) == nil)
            }
            let reply = try random.operationReply().bytes
            for count in 0..<reply.count {
                #expect(try OperationReply.parse(reply.raw.extracting(0..<count)) == nil)
            }
            let command = random.command().bytes
            let ended = random.reply().bytes
            for count in 0..<48 {
                let part = command.raw.extracting(0..<count)
                #expect(try TransferCommand.parse(part, maximumLength: 1 << 24) == nil)
                #expect(try TransferReply.parse(ended.raw.extracting(0..<count)) == nil)
            }
        }
    }

    @Test(
        "usbip §1.14: whatever the bytes are, parsing ends with a value or a stated error",
        arguments: 0..<4 as Range<UInt64>)
    func mutation(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var errors = 0
        var values = 0
        for round in 0..<5000 {
            var bytes: [UInt8]
            switch round % 4 {
            case 0: bytes = try random.operationRequest().bytes
            case 1: bytes = try random.operationReply().bytes
            case 2: bytes = random.command().bytes
            default: bytes = random.reply().bytes
            }
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] = random.chance(50) ? 0xFF : UInt8.random(in: 0...255, using: &random)
            }
            if random.chance(30) {
                bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            }
            let span = bytes.raw
            let outcomes: [Bool] = [
                survives { () throws(WireError) in try OperationRequest.parse(span)?.size },
                survives { () throws(WireError) in try OperationReply.parse(span)?.size },
                survives { () throws(WireError) in
                    try TransferCommand.parse(span, maximumLength: 1 << 20).map { _ in 48 }
                },
                survives { () throws(WireError) in try TransferReply.parse(span).map { _ in 48 } },
            ]
            for outcome in outcomes { if outcome { values += 1 } else { errors += 1 } }
        }
        #expect(errors > 1000 && values > 1000)
    }

    /// Whether the bytes were read or found to be incomplete; `false` for a stated error.
    private func survives(_ parse: () throws(WireError) -> Int?) -> Bool {
        do throws(WireError) {
            _ = try parse()
            return true
        } catch {
            #expect(error.offset >= 0)
            #expect(error.description.hasSuffix("."))
            return false
        }
    }

    @Test("usbip §1.14: a list is not believed to have 2^32-1 devices")
    func hugeList() {
        let bytes: [UInt8] = [1, 0x11, 0, 5, 0, 0, 0, 0, 255, 255, 255, 255]
        let limit = OperationReply.maximumDevices
        #expect(throws: WireError(.tooManyDevices(.max, limit: limit), at: 8)) {
            try OperationReply.parse(bytes.raw)
        }
    }

    @Test(
        "usbip §1.14: what cannot be a bus id is not one",
        arguments: [
            "", "1 1", "ä", "1-1\n", "../1", String(repeating: "1", count: 32), "1-1\u{0}",
        ])
    func malformedBusID(name: String) {
        #expect(BusID(name) == nil)
    }

    @Test("usbip §1.14: a bus id field without an end, or with other bytes, is an error")
    func malformedBusIDField() {
        let header: [UInt8] = [1, 0x11, 0x80, 3, 0, 0, 0, 0]
        let fields: [[UInt8]] = [
            Array(repeating: 0x31, count: 32), Array(repeating: 0, count: 32),
            [0xC3] + Array(repeating: 0, count: 31), [0xFF, 0x31] + Array(repeating: 0, count: 30),
        ]
        for field in fields {
            #expect(throws: WireError(.malformedBusID, at: 8)) {
                try OperationRequest.parse((header + field).raw)
            }
        }
    }

    @Test("usbip §1.9: lengths, endpoints, directions and commands out of range are errors")
    func fieldsOutOfRange() {
        let good = TransferCommand.submit(
            SubmitCommand(
                sequenceNumber: 1, deviceID: 2, direction: .in, endpointNumber: 1, length: 8)
        ).bytes
        func error(_ offset: Int, _ value: UInt32) -> WireError? {
            var bytes = good
            for index in 0..<4 {
                bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32(index)))
            }
            do throws(WireError) {
                _ = try TransferCommand.parse(bytes.raw, maximumLength: 1024)
                return nil
            } catch { return error }
        }
        for endpoint: UInt32 in [16, 0x7F, 0x81, 0x8000_0000, .max] {
            #expect(error(16, endpoint) == WireError(.invalidEndpoint(endpoint), at: 16))
        }
        for direction: UInt32 in [2, 256, 0x8000_0000, .max] {
            #expect(error(12, direction) == WireError(.invalidDirection(direction), at: 12))
        }
        for length: Int32 in [-1, -5, .min, .max, 1025] {
            #expect(
                error(24, UInt32(bitPattern: length))
                    == WireError(.invalidLength(length, limit: 1024), at: 24))
        }
        for command: UInt32 in [0, 3, 4, 9, 0xFFFF, .max] {
            #expect(error(0, command) == WireError(.unknownCommand(command), at: 0))
        }
        #expect(error(24, 1024) == nil)
    }
}
