import CAllocationCount
import DriverRuntime
import TestDevices
import Testing
import USBBus
import USBTypes
import VirtualUSB

@testable import USBIP

/// What a transfer costs once a session is warm.
@Suite struct AllocationTests {
    @Test("a warm machine answers a transfer without asking for memory")
    func warmMachine() throws {
        guard allocation_count_works() else { return }
        var session = try SessionFixture.attached()
        let out = Command.submitOut(1, [UInt8](repeating: 7, count: 512))
        var start: UInt64 = 0
        for round in 0..<1200 {
            if round == 200 { start = allocation_count() }
            session.receive(out.raw)
            guard case .submit(let transfer) = session.next() else { break }
            session.complete(ticket: transfer.ticket, .completed, length: 512, data: out.raw)
            session.sent(session.unsentBytes)
        }
        #expect(allocation_count() - start == 0)
    }

    @Test("a warm session asks for memory at most once a transfer, on the device's side")
    func warm() async throws {
        guard allocation_count_works() else { return }
        let loop = EventLoop(name: "test", waiter: PollWaiter())
        loop.start()
        let exports = DeviceExports(on: loop)
        let device = try await exports.export("1-1") { EchoDevice(port: $0) }
        let count = await Resumption.wait { resumption in
            loop.execute {
                let rounds = Rounds(exports.makeSession(), resumption)
                rounds.begin()
            }
        }
        // The session's own share is none: the device's side counts a transfer for its fault plan.
        #expect(count <= UInt64(2 * Rounds.measured), "for \(Rounds.measured) transfers each way")
        await device.unplug()
        loop.stop()
    }
}

/// Sends 512 bytes and asks for them back, again and again; on the loop.
private final class Rounds {
    static let warming = 200
    static let measured = 1000

    private let session: ServedSession
    private let resumption: Resumption<UInt64>
    private var out: [UInt8]
    private var into: [UInt8]
    private var replies = 0
    private var round = -2
    private var start: UInt64 = 0

    init(_ session: ServedSession, _ resumption: Resumption<UInt64>) {
        self.session = session
        self.resumption = resumption
        let id: UInt32 = 0x0001_0001
        let data = [UInt8](repeating: 7, count: 512)
        var command = SubmitCommand(
            sequenceNumber: 1, deviceID: id, direction: .out, endpointNumber: 1, length: 512)
        out = TransferCommand.submit(command).bytes + data
        command.sequenceNumber = 2
        command.direction = .in
        into = TransferCommand.submit(command).bytes
    }

    func begin() {
        session.onChange = { [self] in replied() }
        let busID = Array("1-1".utf8) + [UInt8](repeating: 0, count: 29)
        send([1, 0x11, 0x80, 3, 0, 0, 0, 0] + busID)
    }

    private func send(_ bytes: [UInt8]) { session.receive(bytes.raw) }

    private func replied() {
        replies += session.unsentBytes
        session.sent(session.unsentBytes)
        switch round {
        case -2 where replies == 320:
            next()
            var command = SubmitCommand(
                sequenceNumber: 3, deviceID: 0x0001_0001, direction: .out, endpointNumber: 0,
                length: 0)
            command.setup = SetupPacket(.out, .standard, request: 9, value: 1)
            send(TransferCommand.submit(command).bytes)
        case -1 where replies == 48, 0... where replies == 48 + 48 + 512:
            next()
            if round == Self.warming { start = allocation_count() }
            if round == Self.warming + Self.measured {
                session.onChange = {}
                return resumption.resume(returning: allocation_count() - start)
            }
            send(out)
            send(into)
        default: break
        }
    }

    private func next() {
        replies = 0
        round += 1
    }
}
