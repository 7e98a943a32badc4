import DriverSimulation
import Testing
import USBBus
import USBTypes

@testable import USBIP

/// What a peer may not send, and what isochronous transfers meet.
@Suite struct ServerSessionRefusalTests {
    private func reason(after bytes: [UInt8], limits: SessionLimits = SessionLimits()) throws
        -> SessionEnd?
    {
        var session = try SessionFixture.attached(limits: limits)
        session.receive(bytes)
        while let effect = session.next() {
            if case .withdraw(let ticket) = effect { session.withdrew(ticket: ticket, false) }
        }
        return session.endReason
    }

    @Test("usbip §1.10: commands for another device end the session")
    func wrongDevice() throws {
        for id: UInt32 in [0, 0x0001_0003, .max] {
            let submit = SubmitCommand(
                sequenceNumber: 1, deviceID: id, direction: .in, endpointNumber: 1, length: 1)
            let unlink = UnlinkCommand(sequenceNumber: 1, deviceID: id, target: 3)
            let expected = SessionEnd.violated(.wrongDevice(id))
            #expect(try reason(after: TransferCommand.submit(submit).bytes) == expected)
            #expect(try reason(after: TransferCommand.unlink(unlink).bytes) == expected)
        }
    }

    @Test("usbip §1.14: a number in flight may not be used again; afterwards it may")
    func duplicate() throws {
        #expect(
            try reason(after: Command.submitIn(3) + Command.submitIn(3, 2))
                == .violated(.duplicateSequenceNumber(3)))
        var session = try SessionFixture.attached()
        for _ in 0..<3 {
            session.receive(Command.submitIn(3))
            let ticket = try session.nextSubmission().ticket
            session.complete(ticket: ticket, .completed, length: 0, bytes: [])
        }
        #expect(session.endReason == nil)
    }

    @Test("usbip §1.14: 10^5 pending INs meet the limit")
    func tooMany() throws {
        var limits = SessionLimits()
        limits.transfers = 10
        let many = (0..<11).flatMap { Command.submitIn(UInt32($0)) }
        #expect(try reason(after: many, limits: limits) == .violated(.tooManyTransfers(limit: 10)))
        limits.transfers = 100
        limits.bytesInTransfers = 80
        #expect(try reason(after: many, limits: limits) == .violated(.tooManyBytes(limit: 80)))
        limits.bytesInTransfers = 1000
        limits.waitingUnlinks = 2
        let unlinks = (0..<3).flatMap { Command.unlink(UInt32(50 + $0), 1) }
        #expect(
            try reason(after: many + unlinks, limits: limits)
                == .violated(.tooManyUnlinks(limit: 2)))
    }

    @Test("usbip §1.14: a huge length is refused before its memory is taken")
    func hugeLength() throws {
        var session = try SessionFixture.attached()
        var bytes = Command.submitOut(1, [])
        for (index, byte) in [0x7F, 0xFF, 0xFF, 0xFF].enumerated() {
            bytes[24 + index] = UInt8(byte)
        }
        session.receive(bytes)
        #expect(session.next() == nil)
        guard case .malformed(let error, let position) = session.endReason else {
            Issue.record("\(session.state)")
            return
        }
        #expect(error == WireError(.invalidLength(.max, limit: 16 << 20), at: 24))
        #expect(position == 40)
    }

    @Test("usbip §1.6: number_of_packets 0 and -1 are not isochronous, all else is an error")
    func packetCounts() throws {
        func submit(_ endpoint: UInt8, _ count: Int32) -> [UInt8] {
            var command = SubmitCommand(
                sequenceNumber: 1, deviceID: SessionFixture.deviceID, direction: .in,
                endpointNumber: endpoint, length: 8)
            command.packetCount = count
            return TransferCommand.submit(command).bytes
        }
        for count: Int32 in [0, -1] { #expect(try reason(after: submit(1, count)) == nil) }
        for count: Int32 in [1, -2, 1024, .max, .min] {
            #expect(
                try reason(after: submit(1, count))
                    == .malformed(WireError(.invalidPacketCount(count), at: 32), position: 40))
        }
    }

    /// A session whose device is in alternate setting 1, where endpoint 2 is isochronous.
    private func isochronous() throws -> ServerSession {
        var session = try SessionFixture.attached()
        for (number, setup) in [
            SetupPacket(.out, .standard, request: 9, value: 1),
            SetupPacket(.out, .standard, .interface, request: 11, value: 1, index: 0),
        ].enumerated() {
            session.receive(Command.control(UInt32(number), setup))
            let ticket = try session.nextSubmission().ticket
            session.complete(ticket: ticket, .completed, length: 0, bytes: [])
        }
        _ = session.take()
        return session
    }

    private func isochronousOut(_ packets: [(UInt32, UInt32)], length: Int) -> [UInt8] {
        var command = SubmitCommand(
            sequenceNumber: 9, deviceID: SessionFixture.deviceID, direction: .out,
            endpointNumber: 2, length: length)
        command.packetCount = Int32(packets.count)
        var queue = ByteQueue()
        for (offset, length) in packets {
            IsochronousPacket(offset: offset, length: length).append(to: &queue)
        }
        return TransferCommand.submit(command).bytes + Array(repeating: 5, count: length)
            + queue.bytes.copy()
    }

    @Test("usbip §1.5: isochronous or not is decided by the alternate setting's descriptor")
    func isochronousIsRefused() throws {
        var session = try isochronous()
        session.receive(isochronousOut([(0, 4), (4, 4)], length: 8) + Command.submitIn(10))
        #expect(try session.nextSubmission().sequenceNumber == 10)
        var reply = SubmitReply(sequenceNumber: 9, status: .partlyDone, actualLength: 0)
        reply.packetCount = 2
        reply.errorCount = 2
        var expected = ByteQueue()
        TransferReply.submit(reply).append(to: &expected)
        IsochronousPacket(offset: 0, length: 4, status: .partlyDone).append(to: &expected)
        IsochronousPacket(offset: 4, length: 4, status: .partlyDone).append(to: &expected)
        #expect(session.take() == expected.bytes.copy())
    }

    @Test("usbip §1.14: packets outside the buffer end the session, also when the sum overflows")
    func packetsOutside() throws {
        for packet: (UInt32, UInt32) in [(0, 9), (8, 1), (.max, 1), (1, .max), (.max, .max)] {
            var session = try isochronous()
            session.receive(isochronousOut([packet], length: 8))
            #expect(session.next() == nil)
            guard case .malformed(let error, _) = session.endReason else {
                Issue.record("\(session.state)")
                continue
            }
            let code = WireError.Code.packetOutsideBuffer(offset: packet.0, length: packet.1)
            #expect(error == WireError(code, at: 56))
        }
        var session = try isochronous()
        session.receive(isochronousOut([(0, 8), (0, 8)], length: 8))
        #expect(session.next() == nil)
        #expect(session.endReason == nil)
    }

    @Test(
        "usbip §1.14: any mutation of a session's bytes ends in a state, never in a trap",
        arguments: 0..<4 as Range<UInt64>)
    func mutation(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let stream =
            Command.control(1, SetupPacket(.out, .standard, request: 9, value: 1))
            + Command.submitIn(2) + Command.submitOut(3, [1, 2, 3]) + Command.unlink(4, 2)
            + Command.unlink(5, 3)
        var ended = 0
        for _ in 0..<2000 {
            var bytes = stream
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] =
                    random.chance(50) ? .max : UInt8.random(in: 0...255, using: &random)
            }
            var session = try SessionFixture.attached()
            session.receive(bytes)
            while let effect = session.next() {
                switch effect {
                case .submit(let transfer) where random.chance(50):
                    session.complete(
                        ticket: transfer.ticket, .completed, length: transfer.length,
                        bytes: [1, 2, 3])
                case .withdraw(let ticket):
                    session.withdrew(ticket: ticket, random.chance(50))
                default: break
                }
            }
            if session.endReason != nil { ended += 1 }
        }
        #expect(ended > 500)
    }
}
