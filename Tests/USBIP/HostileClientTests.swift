import DriverSimulation
import TestDevices
import Testing
import USBBus
import USBTypes
import VirtualUSB

@testable import USBIP

/// Clients that break the rules: each ends its own connection at most, and leaves the device free.
@Suite struct HostileClientTests {
    /// Bytes for a client that has sent nothing yet, and what must become of it.
    struct Opening: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let answer: [UInt8]
        var testDescription: String { name }
    }

    private static let busID: [UInt8] = Array("1-1".utf8) + Array(repeating: 0, count: 29)

    static let openings: [Opening] = [
        Opening(name: "version 0x0100", bytes: [1, 0, 0x80, 5, 0, 0, 0, 0], answer: []),
        Opening(name: "code 0x8006", bytes: [1, 0x11, 0x80, 6, 0, 0, 0, 0], answer: []),
        Opening(name: "a reply", bytes: [1, 0x11, 0, 5, 0, 0, 0, 0], answer: []),
        Opening(name: "status 1", bytes: [1, 0x11, 0x80, 5, 0, 0, 0, 1], answer: []),
        Opening(name: "SUBMIT before import", bytes: Command.submitIn(1), answer: []),
        Opening(
            name: "an empty bus id",
            bytes: [1, 0x11, 0x80, 3, 0, 0, 0, 0] + Array(repeating: 0, count: 32),
            answer: [1, 0x11, 0, 3, 0, 0, 0, 4]),
        Opening(
            name: "a bus id without an end",
            bytes: [1, 0x11, 0x80, 3, 0, 0, 0, 0] + Array(repeating: 0x31, count: 32),
            answer: [1, 0x11, 0, 3, 0, 0, 0, 4]),
        Opening(
            name: "a bus id of other characters",
            bytes: [1, 0x11, 0x80, 3, 0, 0, 0, 0] + [0xC3, 0xA4] + Array(repeating: 0, count: 30),
            answer: [1, 0x11, 0, 3, 0, 0, 0, 4]),
    ]

    @Test("usbip §1.14: openings that are none are refused or closed", arguments: openings)
    func opening(_ opening: Opening) async throws {
        let fixture = try await ServerFixture()
        let client = try SocketClient(port: fixture.server.port)
        client.send(opening.bytes)
        #expect(try client.receive(1000) == opening.answer)
        #expect(await fixture.log.end(of: 1) != nil)
        await fixture.server.stop()
    }

    @Test("usbip §1.14: every truncation of an import is closed by the peer's end alone")
    func truncatedOpening() async throws {
        let fixture = try await ServerFixture()
        let request: [UInt8] = [1, 0x11, 0x80, 3, 0, 0, 0, 0] + Self.busID
        for count in 0..<request.count {
            let client = try SocketClient(port: fixture.server.port)
            client.send(Array(request.prefix(count)))
            client.finish()
            #expect(try client.receive(1) == [])
            #expect(await fixture.log.end(of: UInt64(count + 1)) == .peerClosed)
        }
        await fixture.server.stop()
    }

    /// A message from a client that has the device; `nil` for a clean end by the peer itself.
    struct Blow: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: @Sendable (UInt32) -> [UInt8]
        var testDescription: String { name }

        init(_ name: String, _ bytes: @escaping @Sendable (UInt32) -> [UInt8]) {
            self.name = name
            self.bytes = bytes
        }

        /// A CMD_SUBMIT with one word changed.
        init(_ name: String, at offset: Int, _ value: UInt32) {
            self.init(name) { id in
                var bytes = TransferCommand.submit(
                    SubmitCommand(
                        sequenceNumber: 7, deviceID: id, direction: .out, endpointNumber: 1,
                        length: 0)
                ).bytes
                for index in 0..<4 {
                    let shift = 24 - 8 * UInt32(index)
                    bytes[offset + index] = UInt8(truncatingIfNeeded: value >> shift)
                }
                return bytes
            }
        }
    }

    static let blows: [Blow] = [
        Blow("command 0", at: 0, 0), Blow("command 9", at: 0, 9), Blow("RET_SUBMIT", at: 0, 3),
        Blow("another device", at: 8, 0x0001_7FFF), Blow("direction 2", at: 12, 2),
        Blow("endpoint 16", at: 16, 16), Blow("endpoint 0x7f", at: 16, 0x7F),
        Blow("endpoint 2^31", at: 16, 0x8000_0000), Blow("endpoint 2^32-1", at: 16, .max),
        Blow("length -1", at: 24, .max), Blow("length -5", at: 24, 0xFFFF_FFFB),
        Blow("length 2^31-1", at: 24, 0x7FFF_FFFF), Blow("length -2^31", at: 24, 0x8000_0000),
        Blow("length 0xfffffff0", at: 24, 0xFFFF_FFF0),
        Blow("1 packet", at: 32, 1), Blow("2^31-1 packets", at: 32, 0x7FFF_FFFF),
        Blow("-2 packets", at: 32, 0xFFFF_FFFE),
        Blow("a number twice") { id in
            let submit = TransferCommand.submit(
                SubmitCommand(
                    sequenceNumber: 7, deviceID: id, direction: .in, endpointNumber: 2, length: 8)
            ).bytes
            return submit + submit
        },
        Blow("10^5 pending INs") { id in
            (0..<100_000 as Range<UInt32>).flatMap { number in
                TransferCommand.submit(
                    SubmitCommand(
                        sequenceNumber: 100 + number, deviceID: id, direction: .in,
                        endpointNumber: 2, length: 8)
                ).bytes
            }
        },
        Blow("100 INs of 16 MiB") { id in
            (0..<100 as Range<UInt32>).flatMap { number in
                TransferCommand.submit(
                    SubmitCommand(
                        sequenceNumber: 100 + number, deviceID: id, direction: .in,
                        endpointNumber: 2, length: 16 << 20)
                ).bytes
            }
        },
        Blow("a second import") { _ in [1, 0x11, 0x80, 3, 0, 0, 0, 0] + busID },
        Blow("noise") { _ in
            var random = SeededGenerator(seed: 7)
            return [0xFF] + random.bytes(5000)
        },
    ]

    @Test(
        "usbip §1.14: a blow ends its own connection; another's goes on, and the device is free",
        arguments: blows)
    func blow(_ blow: Blow) async throws {
        let fixture = try await ServerFixture()
        _ = try await fixture.server.export("1-2") { EchoDevice(port: $0) }
        let bystander = try SocketClient(port: fixture.server.port)
        guard case .imported(let other) = try bystander.importDevice("1-2") else {
            Issue.record("the bystander got no device")
            return
        }
        let (client, id) = try fixture.attach()
        #expect(try client.control(1, id, ServerFixture.setConfiguration).status == .success)
        client.send(blow.bytes(id))
        #expect(try client.receive(1) == [])
        let reason = await fixture.log.end(of: 2)
        switch reason {
        case .malformed, .violated: break
        default: Issue.record("\(String(describing: reason))")
        }
        // Free again at once, and nobody else noticed.
        let (next, nextID) = try fixture.attach()
        let answer = try next.control(1, nextID, ServerFixture.getDeviceDescriptor)
        #expect(answer.status == .success)
        let undisturbed = try bystander.control(
            1, other.deviceID, ServerFixture.getDeviceDescriptor)
        #expect(undisturbed.status == .success)
        await fixture.server.stop()
    }

    @Test("usbip §1.14: an endpoint that is not there is an error of the transfer alone")
    func absentEndpoint() async throws {
        let fixture = try await ServerFixture()
        let (client, id) = try fixture.attach()
        for number in 1...15 as ClosedRange<UInt8> {
            // Unconfigured, the device has none but 0.
            let submit = SubmitCommand(
                sequenceNumber: UInt32(number), deviceID: id, direction: .in,
                endpointNumber: number, length: 8)
            client.send(TransferCommand.submit(submit).bytes)
            let reply = try client.reply(to: UInt32(number), isIn: true)
            #expect(reply.status == .protocolError && reply.data.isEmpty)
        }
        await fixture.server.stop()
    }

    @Test(
        "usbip §1.14: two imports at once: one is served, the other answered busy", arguments: 0..<5
    )
    func race(_: Int) async throws {
        let fixture = try await ServerFixture()
        let clients = try (0..<8).map { _ in try SocketClient(port: fixture.server.port) }
        let busID = fixture.device.busID
        for client in clients { client.send(OperationRequest.importDevice(busID).bytes) }
        var granted = 0
        for client in clients {
            let header = try client.receive(8)
            if header.last == 0 { granted += 1 } else { #expect(header.last == 2) }
        }
        #expect(granted == 1)
        await fixture.server.stop()
    }

    @Test("usbip §1.14: a slow loris is cut off when its time is over")
    func slowLoris() async throws {
        let fixture = try await ServerFixture { $0.handshakeTimeout = .milliseconds(50) }
        let client = try SocketClient(port: fixture.server.port)
        client.send([1, 0x11, 0x80])
        #expect(try client.receive(1) == [])
        #expect(await fixture.log.end(of: 1) == .timedOut)
        // One that has a device may be silent.
        let (quiet, id) = try fixture.attach()
        let late = try SocketClient(port: fixture.server.port)
        #expect(try late.receive(1) == [])
        #expect(await fixture.log.end(of: 3) == .timedOut)
        #expect(try quiet.control(1, id, ServerFixture.getDeviceDescriptor).status == .success)
        await fixture.server.stop()
    }

    @Test(
        "usbip §1.14: a reader that never reads is not read from; others go on; memory is bounded")
    func neverReads() async throws {
        let fixture = try await ServerFixture()
        _ = try await fixture.server.export("1-2") { EchoDevice(port: $0) }
        let client = try SocketClient(port: fixture.server.port, receiveBuffer: 4096)
        guard case .imported(let record) = try client.importDevice("1-1") else {
            Issue.record("no device")
            return
        }
        // Each asks for a reply of 48 bytes: 60 MB of them, were they all answered at once.
        let batch = (0..<1000 as Range<UInt32>).flatMap { number in
            TransferCommand.unlink(
                UnlinkCommand(sequenceNumber: number, deviceID: record.deviceID, target: 99_999)
            ).bytes
        }
        let writer = Task.detached {
            var batches = 0
            while batches < 1250, client.send(batch) { batches += 1 }
            return batches
        }
        // Meanwhile another one is served.
        let other = try SocketClient(port: fixture.server.port)
        guard case .imported(let free) = try other.importDevice("1-2") else {
            Issue.record("no second device")
            return
        }
        for number in 1...200 as ClosedRange<UInt32> {
            #expect(
                try other.control(number, free.deviceID, ServerFixture.getDeviceDescriptor).status
                    == .success)
        }
        #expect(await fixture.server.unsentBytes < 2 * SessionLimits().unsentBytes)
        await fixture.server.stop()
        #expect(await writer.value < 1250)
    }

    @Test("more clients than the limit are turned away; a place that is free is given again")
    func tooManyClients() async throws {
        let fixture = try await ServerFixture { $0.maximumConnections = 2 }
        let (first, _) = try fixture.attach()
        let second = try SocketClient(port: fixture.server.port)
        let third = try SocketClient(port: fixture.server.port)
        #expect(try third.receive(1) == [])
        second.finish()
        #expect(await fixture.log.end(of: 2) == .peerClosed)
        let fourth = try SocketClient(port: fixture.server.port)
        #expect(try fourth.importDevice("1-1") == .importRefused(.deviceBusy))
        first.finish()
        await fixture.server.stop()
    }

    @Test("usbip §1.14: import, close and unplug in a storm leave the device as it was")
    func storm() async throws {
        let fixture = try await ServerFixture()
        var random = SeededGenerator(seed: 3)
        for _ in 0..<100 {
            let client = try SocketClient(port: fixture.server.port)
            client.send(OperationRequest.importDevice(fixture.device.busID).bytes)
            client.send(Command.submitIn(1, 0))
            switch Int.random(in: 0..<4, using: &random) {
            case 0: client.reset()
            case 1: client.finish()
            case 2: try await fixture.device.replug()
            default: await fixture.device.unplug(pending: .vanish)
            }
        }
        try await fixture.device.replug()
        let (client, id) = try fixture.attach()
        #expect(try client.control(1, id, ServerFixture.getDeviceDescriptor).status == .success)
        await fixture.server.stop()
    }
}
