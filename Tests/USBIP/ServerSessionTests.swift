import Testing
import USBBus
import USBTypes

@testable import USBIP

/// The machine's answers to single exchanges.
@Suite struct ServerSessionTests {
    @Test("usbip §1.1: a list is answered and the session is over once it is sent")
    func list() throws {
        var session = ServerSession()
        session.receive(OperationRequest.deviceList.bytes)
        #expect(session.next() == .list)
        #expect(session.next() == nil)
        let device = ListedDevice(record: try SessionFixture.record(), interfaces: [.hid])
        session.answer(devices: [device])
        #expect(session.state == .finishing(.listed))
        // A peer that closes its half early still gets its answer.
        session.end(.peerClosed)
        #expect(session.take() == OperationReply.deviceList([device]).bytes)
        #expect(session.endReason == .listed)
    }

    @Test("usbip §1.4: a refusal is 8 bytes with its exact status")
    func refusal() throws {
        for status: OperationStatus in [.deviceBusy, .noDevice, .failed] {
            var session = ServerSession()
            let busID = try #require(BusID("9-9"))
            session.receive(OperationRequest.importDevice(busID).bytes)
            #expect(session.next() == .importDevice(busID))
            session.refuse(status)
            #expect(session.take() == OperationReply.importRefused(status).bytes)
            #expect(session.endReason == .refused(status))
        }
    }

    @Test("usbip §1.14: a malformed bus id is answered as a device that is not there")
    func malformedBusID() {
        var session = ServerSession()
        session.receive([1, 0x11, 0x80, 3, 0, 0, 0, 0] + Array(repeating: 0x41, count: 32))
        #expect(session.next() == nil)
        #expect(session.take() == OperationReply.importRefused(.noDevice).bytes)
        #expect(session.endReason == .refused(.noDevice))
    }

    @Test("usbip §1.14: SUBMIT before IMPORT ends the session")
    func submitBeforeImport() {
        var session = ServerSession()
        session.receive(Command.submitIn(1))
        #expect(session.next() == nil)
        #expect(
            session.endReason == .malformed(WireError(.unsupportedVersion(0), at: 0), position: 0))
    }

    @Test("usbip §1.14: bytes may come one by one, or all at once")
    func pieces() throws {
        let stream =
            OperationRequest.importDevice(try #require(BusID("1-1"))).bytes
            + Command.submitOut(1, [1, 2, 3]) + Command.submitIn(2) + Command.submitOut(3, [])
            + Command.unlink(4, 2)
        for size in [1, 7, 48, stream.count] {
            var session = ServerSession()
            var seen: [String] = []
            for start in stride(from: 0, to: stream.count, by: size) {
                session.receive(Array(stream[start..<min(start + size, stream.count)]))
                while let effect = session.next() {
                    switch effect {
                    case .importDevice:
                        session.grant(
                            try SessionFixture.record(),
                            configurations: [SessionFixture.configuration])
                    case .submit(let transfer):
                        seen.append("\(transfer.sequenceNumber) \(session.payload.copy())")
                    case .withdraw(let ticket):
                        seen.append("withdraw \(ticket)")
                        session.withdrew(ticket: ticket, true)
                    default: seen.append("\(effect)")
                    }
                }
            }
            #expect(seen == ["1 [1, 2, 3]", "2 []", "3 []", "withdraw 1"])
            #expect(session.transfersInFlight == 2)
        }
    }

    @Test("usbip §5 row 7, 8: an OUT reply says what was taken and has no payload")
    func outReply() throws {
        var session = try SessionFixture.attached()
        session.receive(Command.submitOut(5, [1, 2, 3, 4]))
        let transfer = try session.nextSubmission()
        #expect(transfer.endpoint == 0x01 && transfer.direction == .out && transfer.length == 4)
        session.complete(ticket: transfer.ticket, .completed, length: 4, bytes: [9, 9, 9, 9])
        #expect(session.take() == Reply.submit(5, .success, 4))
    }

    @Test("usbip §1.9: never more bytes than were asked for")
    func inReplyIsBounded() throws {
        var session = try SessionFixture.attached()
        session.receive(Command.submitIn(5, length: 2) + Command.submitIn(6, length: 4))
        let first = try session.nextSubmission()
        let second = try session.nextSubmission()
        session.complete(ticket: second.ticket, .completed, length: 3, bytes: [1, 2, 3])
        session.complete(ticket: first.ticket, .overflow, length: 9, bytes: [1, 2, 3])
        #expect(
            session.take()
                == Reply.submit(6, .success, 3, [1, 2, 3]) + Reply.submit(5, .overflow, 2, [1, 2]))
    }

    @Test("usbip §1.7: SHORT_NOT_OK makes a short IN an error, ZERO_PACKET reaches the device")
    func flags() throws {
        var session = try SessionFixture.attached()
        var command = SubmitCommand(
            sequenceNumber: 1, deviceID: SessionFixture.deviceID, direction: .in,
            endpointNumber: 1, flags: .shortNotOK, length: 4)
        session.receive(TransferCommand.submit(command).bytes)
        let short = try session.nextSubmission()
        session.complete(ticket: short.ticket, .completed, length: 1, bytes: [7])
        #expect(session.take() == Reply.submit(1, .shortNotOK, 1, [7]))

        command.direction = .out
        command.flags = .zeroPacket
        session.receive(TransferCommand.submit(command).bytes + [1, 2, 3, 4])
        #expect(try session.nextSubmission().endsWithZeroPacket)
    }

    @Test("usbip §1.8: each end has its negative Linux number")
    func statuses() throws {
        let expected: [(TransferStatus, Int32)] = [
            (.completed, 0), (.cancelled, -104), (.stalled, -32), (.overflow, -75),
            (.failed, -71), (.deviceGone, -108),
        ]
        #expect(expected.count == TransferStatus.allCases.count)
        for (status, number) in expected { #expect(LinuxStatus(status).rawValue == number) }
    }

    @Test("usbip §1.11: an unlink that wins is answered alone, with ECONNRESET")
    func unlinkWins() throws {
        var session = try SessionFixture.attached()
        session.receive(Command.submitIn(1) + Command.unlink(2, 1))
        let transfer = try session.nextSubmission()
        #expect(session.next() == .withdraw(ticket: transfer.ticket))
        session.withdrew(ticket: transfer.ticket, true)
        #expect(session.take() == Reply.unlink(2, .connectionReset))
        #expect(session.transfersInFlight == 0)
    }

    @Test("usbip §1.11: an unlink that loses is answered with 0 behind the RET_SUBMIT")
    func unlinkLoses() throws {
        var session = try SessionFixture.attached()
        session.receive(Command.submitIn(1) + Command.unlink(2, 1) + Command.unlink(3, 1))
        let transfer = try session.nextSubmission()
        #expect(session.next() == .withdraw(ticket: transfer.ticket))
        session.withdrew(ticket: transfer.ticket, false)
        #expect(session.next() == nil)
        #expect(session.take() == [])
        session.complete(ticket: transfer.ticket, .completed, length: 1, bytes: [7])
        #expect(
            session.take() == Reply.submit(1, .success, 1, [7]) + Reply.unlink(2, .success)
                + Reply.unlink(3, .success))
    }

    @Test("usbip §1.11: an unlink of what has ended, of nothing, or of itself is answered with 0")
    func unlinkOfNothing() throws {
        var session = try SessionFixture.attached()
        session.receive(Command.submitIn(1))
        let transfer = try session.nextSubmission()
        session.complete(ticket: transfer.ticket, .completed, length: 0, bytes: [])
        session.receive(
            Command.unlink(2, 1) + Command.unlink(3, 77) + Command.unlink(4, 4)
                + Command.unlink(5, 1))
        #expect(session.next() == nil)
        #expect(
            session.take() == Reply.submit(1, .success, 0) + Reply.unlink(2, .success)
                + Reply.unlink(3, .success) + Reply.unlink(4, .success)
                + Reply.unlink(5, .success))
    }

    @Test("usbip §1.11: an unlink that overtakes its transfer is answered when that arrives")
    func unlinkOvertakes() throws {
        var session = try SessionFixture.attached()
        session.receive(Command.submitIn(1) + Command.unlink(3, 2) + Command.unlink(4, 2))
        #expect(try session.nextSubmission().sequenceNumber == 1)
        #expect(session.next() == nil)
        #expect(session.take() == [])
        session.receive(Command.submitOut(2, [1, 2, 3]) + Command.submitIn(5))
        #expect(try session.nextSubmission().sequenceNumber == 5)
        #expect(session.take() == Reply.unlink(3, .connectionReset) + Reply.unlink(4, .success))
        // One that cannot come any more, since a later one came.
        session.receive(Command.unlink(8, 7) + Command.submitIn(9))
        #expect(try session.nextSubmission().sequenceNumber == 9)
        #expect(session.take() == Reply.unlink(8, .success))
    }

    @Test("usbip §1.12: the hub's port reset request resets the bus; others reach the device")
    func portReset() throws {
        var session = try SessionFixture.attached()
        let reset = SetupPacket(.out, .class, .other, request: 3, value: 4, index: 1)
        session.receive(Command.control(1, reset))
        #expect(session.next() == .resetBus)
        #expect(session.take() == Reply.submit(1, .success, 0))
        let configure = SetupPacket(.out, .standard, request: 9, value: 1)
        session.receive(Command.control(2, configure))
        #expect(try session.nextSubmission().setup == configure)
    }

    @Test("usbip §1.14: a control transfer that contradicts its setup packet is answered EPROTO")
    func contradictingControl() throws {
        var session = try SessionFixture.attached()
        let read = SetupPacket(.in, .standard, request: 6, value: 0x100, length: 18)
        session.receive(Command.control(1, read, Array(repeating: 0, count: 18), direction: .out))
        session.receive(Command.control(2, read, length: 17))
        // No data moves: the kernel takes either direction.
        session.receive(Command.control(3, SetupPacket(.in, .vendor, request: 1), direction: .out))
        #expect(try session.nextSubmission().sequenceNumber == 3)
        #expect(
            session.take()
                == Reply.submit(1, .protocolError, 0) + Reply.submit(2, .protocolError, 0))
    }

    @Test("back-pressure: commands wait while the peer takes no replies")
    func backPressure() throws {
        var limits = SessionLimits()
        limits.unsentBytes = 100
        var session = try SessionFixture.attached(limits: limits)
        session.receive(
            Command.unlink(1, 9) + Command.unlink(2, 9) + Command.unlink(3, 9)
                + Command.unlink(4, 9))
        #expect(session.next() == nil)
        #expect(session.wantsInput == false)
        #expect(
            session.take() == Reply.unlink(1, .success) + Reply.unlink(2, .success)
                + Reply.unlink(3, .success))
        #expect(session.wantsInput == true)
        #expect(session.next() == nil)
        #expect(session.take() == Reply.unlink(4, .success))
    }

    @Test("after the end, bytes and completions are ignored")
    func afterTheEnd() throws {
        var session = try SessionFixture.attached()
        session.receive(Command.submitIn(1))
        let transfer = try session.nextSubmission()
        session.end(.unplugged)
        session.complete(ticket: transfer.ticket, .deviceGone, length: 0, bytes: [])
        session.receive(Command.submitIn(2))
        #expect(session.next() == nil)
        #expect(session.take() == [])
        session.end(.peerClosed)
        #expect(session.endReason == .unplugged)
    }
}
