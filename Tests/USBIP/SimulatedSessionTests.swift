import DriverRuntime
import DriverSimulation
import TestDevices
import Testing
import USBBus
import USBTypes
import VirtualUSB

@testable import USBIP

/// The session on a real virtual device, without sockets, in virtual time and every order.
@Suite struct SimulatedSessionTests {
    @Test("usbip §1.11: on a real device under every seed, unlinking loses and doubles nothing")
    func echo() throws {
        let survey = try Simulation.seeds(0..<300) { simulation in
            let exports = DeviceExports(on: simulation.loop)
            let device = try await exports.export("1-1") { EchoDevice(port: $0) }
            let client = MemoryClient(exports, simulation)
            try await client.attach()
            for _ in 0..<60 { try await client.step() }
            try await client.drain()
            client.session.end(.peerClosed)
            await simulation.clock.wait(for: .milliseconds(1))
            #expect(await device.isImported == false)
            #expect(await device.configuration == nil)
            await device.unplug()
        }
        #expect(survey.distinctTraces * 30 > survey.runs * 29)
    }

    @Test("unplug at any moment ends the session, and each transfer at most once")
    func unplug() throws {
        try Simulation.seeds(0..<200) { simulation in
            let exports = DeviceExports(on: simulation.loop)
            let device = try await exports.export("1-1") { EchoDevice(port: $0) }
            let client = MemoryClient(exports, simulation)
            try await client.attach()
            var random = simulation.random
            for _ in 0..<random.next(below: 40) { try await client.step() }
            let kind = UnplugKind.allCases[random.next(below: 3)]
            await device.unplug(pending: kind)
            await simulation.clock.wait(for: .milliseconds(1))
            try client.take()
            guard case .ended(.unplugged) = client.session.state else {
                throw SocketClient.Failure(what: "\(client.session.state)")
            }
            try await device.replug()
            let next = MemoryClient(exports, simulation)
            try await next.attach()
            next.session.end(.peerClosed)
            await device.unplug()
        }
    }
}

/// A client in the same process: it submits and unlinks at random, and checks each reply.
private final class MemoryClient {
    let session: ServedSession
    private let simulation: Simulation
    private var random: SeededGenerator
    private var received: [UInt8] = []
    private var deviceID: UInt32 = 0
    private var number: UInt32 = 0
    private var pending: [UInt32: SubmitCommand] = [:]
    private var order: [UInt32] = []
    private var unlinks: [UInt32: UInt32] = [:]
    private var nextByte: UInt8 = 0
    private var sent: [UInt32: [UInt8]] = [:]
    private var echoed: [UInt8] = []
    private var accepted: [UInt8] = []

    init(_ exports: DeviceExports, _ simulation: Simulation) {
        self.simulation = simulation
        random = simulation.random
        session = exports.makeSession()
    }

    private func fail(_ what: String) -> SocketClient.Failure { SocketClient.Failure(what: what) }

    func attach() async throws {
        session.receive(OperationRequest.importDevice(try #require(BusID("1-1"))).bytes.raw)
        received += session.takeOutput()
        guard case .imported(let record) = try OperationReply.parse(received)?.reply else {
            throw fail("no import")
        }
        received = []
        deviceID = record.deviceID
        submit(.out, 0, [], SetupPacket(.out, .standard, request: 9, value: 1))
        while !pending.isEmpty {
            await simulation.clock.wait(for: .milliseconds(1))
            try take()
        }
    }

    private func submit(
        _ direction: Direction, _ endpoint: UInt8, _ data: [UInt8],
        _ setup: SetupPacket = SetupPacket(
            requestType: 0, request: 0, value: 0, index: 0, length: 0)
    ) {
        number += 1
        let command = SubmitCommand(
            sequenceNumber: number, deviceID: deviceID, direction: direction,
            endpointNumber: endpoint, length: direction == .in ? 64 : data.count, setup: setup)
        pending[number] = command
        order.append(number)
        sent[number] = data
        let bytes = TransferCommand.submit(command).bytes + data
        session.receive(bytes.raw)
    }

    private func unlink(_ target: UInt32) {
        number += 1
        unlinks[number] = target
        let command = UnlinkCommand(sequenceNumber: number, deviceID: deviceID, target: target)
        let bytes = TransferCommand.unlink(command).bytes
        session.receive(bytes.raw)
    }

    func step() async throws {
        switch random.next(below: 8) {
        case 0, 1: submit(.in, 1, [])
        case 2, 3:
            let data = (0..<1 + random.next(below: 20)).map { _ -> UInt8 in
                nextByte &+= 1
                return nextByte
            }
            submit(.out, 1, data)
        case 4, 5:
            if !order.isEmpty { unlink(order[random.next(below: order.count)]) }
        case 6: await simulation.clock.wait(for: .microseconds(random.next(below: 50)))
        default: try take()
        }
    }

    /// Reads until everything that was sent has come back, then cancels what is left.
    func drain() async throws {
        for _ in 0..<400 {
            submit(.in, 1, [])
            await simulation.clock.wait(for: .milliseconds(1))
            try take()
            let waits = pending.values.contains { $0.direction == .out }
            if !waits, echoed.count == accepted.count { break }
        }
        for target in order where pending[target] != nil { unlink(target) }
        await simulation.clock.wait(for: .milliseconds(1))
        try take()
        guard pending.isEmpty, unlinks.isEmpty else {
            throw fail("left: \(pending.count) transfers, \(unlinks.count) unlinks")
        }
        guard echoed == accepted else { throw fail("\(echoed) came back of \(accepted)") }
    }

    /// Reads what the session sends.
    func take() throws {
        received += session.takeOutput()
        while let reply = try TransferReply.parse(received) {
            received.removeFirst(48)
            switch reply {
            case .submit(let reply): try ended(reply)
            case .unlink(let reply):
                guard let target = unlinks.removeValue(forKey: reply.sequenceNumber) else {
                    throw fail("RET_UNLINK \(reply) was not asked for")
                }
                let wasPending = pending.removeValue(forKey: target) != nil
                guard wasPending == (reply.status == .connectionReset) else {
                    throw fail("\(reply.status) of \(target), which was pending: \(wasPending)")
                }
            }
        }
    }

    private func ended(_ reply: SubmitReply) throws {
        guard let command = pending.removeValue(forKey: reply.sequenceNumber) else {
            throw fail("RET_SUBMIT \(reply) for nothing pending")
        }
        guard reply.status == .success else { return }
        let length = Int(reply.actualLength)
        if command.direction == .in {
            echoed += received.prefix(length)
            received.removeFirst(length)
        } else if command.endpointNumber == 1 {
            accepted += (sent[reply.sequenceNumber] ?? []).prefix(length)
        }
    }
}
