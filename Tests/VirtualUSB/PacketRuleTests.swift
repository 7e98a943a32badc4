import DriverSimulation
import Testing
import USBBus
import VirtualUSB

/// Sends a list of messages, one after the other, and keeps what it receives.
private actor Talker: VirtualDevice {
    nonisolated let port: DevicePort
    private let messages: [Message]
    private let received: Notes<[UInt8]>

    struct Message: Sendable {
        let bytes: [UInt8]
        let endsTransfer: Bool
    }

    init(port: DevicePort, _ messages: [Message], _ received: Notes<[UInt8]>) {
        self.port = port
        self.messages = messages
        self.received = received
    }

    nonisolated var description: DeviceDescription {
        DeviceDescription(vendor: 0x1209, product: 2, speed: .full) {
            Interface(.bulkOut(0x01, maxPacketSize: 8), .bulkIn(0x81, maxPacketSize: 8))
        }
    }

    func configured(_ value: UInt8) async { port.task { await self.talk() } }

    private func talk() async {
        for message in messages {
            await port.send(message.bytes, on: 0x81, endsTransfer: message.endsTransfer)
        }
    }

    func received(_ bytes: RawSpan, on endpoint: EndpointAddress) async {
        received.add(bytes.copy())
        await port.clock.wait(for: .microseconds(Int64(bytes.byteCount % 3)))
    }
}

@Suite struct PacketRuleTests {
    private static func length(_ random: inout SeededGenerator) -> Int {
        [0, 1, 7, 8, 9, 15, 16, 17, 24, Int.random(in: 0...40, using: &random)]
            .randomElement(using: &random) ?? 0
    }

    /// What transfers of whole packets get of the messages: up to their length or a message's end.
    private static func expected(
        _ messages: [Talker.Message], for lengths: [Int]
    ) -> [[UInt8]] {
        // Each byte with whether its message ends behind it; no byte for an empty message.
        var stream = messages.flatMap { message -> [(byte: UInt8?, isLast: Bool)] in
            guard let last = message.bytes.indices.last else {
                return message.endsTransfer ? [(nil, true)] : []
            }
            return message.bytes.indices.map { index in
                (message.bytes[index], message.endsTransfer && index == last)
            }
        }[...]
        return lengths.map { length in
            var bytes: [UInt8] = []
            while bytes.count < length, let next = stream.popFirst() {
                if let byte = next.byte { bytes.append(byte) }
                if next.isLast { break }
            }
            return bytes
        }
    }

    @Test(
        "USB 2.0 §5.8.3: IN bytes come in order, whole, up to a short packet, whatever is withdrawn"
    )
    func input() throws {
        try Simulation.seeds(0..<400) { simulation in
            var random = simulation.random
            var next: UInt8 = 0
            var messages = (0..<12).map { _ in
                let bytes = (0..<Self.length(&random)).map { _ in
                    next &+= 1
                    return next
                }
                return Talker.Message(bytes: bytes, endsTransfer: .random(using: &random))
            }
            // The last ends, or what is before it may wait for ever.
            messages.append(Talker.Message(bytes: [0xFF], endsTransfer: true))
            let list = messages
            let upstream = try await UpstreamPort.connect(on: simulation.loop, name: "talker") {
                Talker(port: $0, list, Notes())
            }
            try await upstream.configure()
            var lengths: [Int] = []
            var got: [[UInt8]] = []
            while got.last != [0xFF], got.last?.last != 0xFF, got.count < 200 {
                let transfers = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                    TestTransfer(upstream, 0x81)
                }
                for transfer in transfers {
                    transfer.submit(8 * Int.random(in: 1...4, using: &random))
                }
                for _ in 0..<Int.random(in: 0...3, using: &random) { await simulation.pause() }
                var kept: [TestTransfer] = []
                for (index, transfer) in transfers.enumerated() {
                    let isUnwanted = index > 0 || Bool.random(using: &random)
                    if isUnwanted, transfer.withdraw() { continue }
                    kept.append(transfer)
                }
                for transfer in kept {
                    let end = await transfer.end()
                    try #require(end.status == .completed)
                    lengths.append(transfer.length)
                    got.append(end.bytes)
                }
            }
            try #require(got == Self.expected(messages, for: lengths))
            upstream.unplug(pending: .endWithError)
        }
    }

    @Test("L6: an OUT reaches the device once, or was withdrawn with nothing taken")
    func output() throws {
        try Simulation.seeds(0..<400) { simulation in
            var random = simulation.random
            let notes = Notes<[UInt8]>()
            let upstream = try await UpstreamPort.connect(on: simulation.loop, name: "listener") {
                Talker(port: $0, [], notes)
            }
            try await upstream.configure()
            var expected: [[UInt8]] = []
            for round in 0..<12 {
                let transfers = (0..<4).map { _ in TestTransfer(upstream, 0x01) }
                for (index, transfer) in transfers.enumerated() {
                    let length = Self.length(&random)
                    transfer.endsWithZeroPacket = .random(using: &random)
                    transfer.send([UInt8](repeating: UInt8(4 * round + index), count: length))
                }
                for _ in 0..<Int.random(in: 0...2, using: &random) { await simulation.pause() }
                for transfer in transfers {
                    if Bool.random(using: &random), transfer.withdraw() { continue }
                    try #require(await transfer.end().status == .completed)
                    let bytes = unsafe Array(transfer.memory[..<transfer.length])
                    expected.append(bytes)
                    if transfer.endsWithZeroPacket, !bytes.isEmpty, bytes.count % 8 == 0 {
                        expected.append([])
                    }
                }
            }
            for _ in 0..<20 { await simulation.pause() }
            try #require(notes.all == expected)
            upstream.unplug(pending: .endWithError)
        }
    }

    @Test("USB 2.0 §8.5.2: a packet that does not fit the transfer overflows it")
    func overflow() throws {
        _ = try Simulation.run(seed: 1) { simulation in
            let messages = [
                Talker.Message(bytes: [1, 2, 3, 4, 5], endsTransfer: true),
                Talker.Message(bytes: [6, 7], endsTransfer: true),
            ]
            let upstream = try await UpstreamPort.connect(on: simulation.loop, name: "talker") {
                Talker(port: $0, messages, Notes())
            }
            try await upstream.configure()
            let transfer = TestTransfer(upstream, 0x81)
            transfer.submit(3)
            try #require(await transfer.end().status == .overflow)
            transfer.submit(3)
            try #require(await transfer.end().bytes == [6, 7])
            upstream.unplug(pending: .endWithError)
        }
    }
}
