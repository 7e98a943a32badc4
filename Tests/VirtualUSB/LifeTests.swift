import DriverRuntime
import DriverSimulation
import Testing
import USBBus
import VirtualUSB

/// Notes what happens to it.
private actor Witness: VirtualDevice {
    nonisolated let port: DevicePort
    private let notes: Notes<String>
    init(port: DevicePort, _ notes: Notes<String>) {
        self.port = port
        self.notes = notes
    }
    deinit { notes.add("freed") }

    nonisolated var description: DeviceDescription {
        DeviceDescription(vendor: 0x1209, product: 3) { Interface(.bulkOut(1), .bulkIn(0x81)) }
    }

    func configured(_ value: UInt8) async {
        notes.add("configured \(value)")
        let (port, notes) = (port, notes)
        port.task {
            let came = await port.clock.wait(for: .seconds(100))
            notes.add("timer \(came)")
        }
        port.task {
            let isSent = await port.send([1, 2, 3], on: 0x81)
            notes.add("sent \(isSent)")
        }
    }

    func received(_ bytes: RawSpan, on endpoint: EndpointAddress) async {
        if bytes.byte(at: 0) == 0xFF { port.disconnect() }
    }

    func reset() async { notes.add("reset") }
    func unplugged() async { notes.add("unplugged") }
}

@Suite struct LifeTests {
    @Test("an unplug cancels the device's tasks, ends its sends, tells it, and frees it")
    func unplug() throws {
        for kind in UnplugKind.allCases {
            _ = try Simulation.run(seed: 5) { simulation in
                let notes = Notes<String>()
                let bus = VirtualBus(on: simulation.loop)
                try await bus.start { event in
                    if case .departed = event { notes.add("departed") }
                }
                let plugged = try await bus.plug { Witness(port: $0, notes) }
                await plugged.unplug(pending: kind)
                await simulation.clock.wait(for: .seconds(1))
                let all = notes.all
                try #require(all.first == "configured 1")
                for note in ["timer false", "sent false", "unplugged", "departed", "freed"] {
                    try #require(all.filter { $0 == note }.count == 1, "\(all)")
                }
                await bus.stop()
            }
        }
    }

    @Test("a bus reset drops what waits and tells the device before it sees a request")
    func reset() throws {
        _ = try Simulation.run(seed: 6) { simulation in
            let notes = Notes<String>()
            let upstream = try await UpstreamPort.connect(on: simulation.loop, name: "witness") {
                Witness(port: $0, notes)
            }
            try await upstream.configure()
            await simulation.clock.wait(for: .milliseconds(1))
            upstream.busReset()
            let transfer = TestTransfer(upstream, 0x81)
            transfer.submit(64)
            try #require(await transfer.end().status == .failed)
            try await upstream.configure()
            try #require(
                notes.all == ["configured 1", "sent false", "reset", "configured 1"]
                    || notes.all == ["configured 1", "reset", "sent false", "configured 1"],
                "\(notes.all)")
            transfer.submit(64)
            try #require(await transfer.end().bytes == [1, 2, 3])
            upstream.unplug(pending: .endWithError)
        }
    }

    @Test("a device may leave by itself, and another comes back in the same port")
    func disconnect() throws {
        _ = try Simulation.run(seed: 8) { simulation in
            let notes = Notes<String>()
            let bus = VirtualBus(on: simulation.loop)
            let ids = Notes<AttachmentID>()
            try await bus.start { event in
                switch event {
                case .arrived(let device): ids.add(device.id)
                case .departed(let id): notes.add("departed \(id)")
                case .discoveryUnavailable: break
                }
            }
            let plugged = try await bus.plug { Witness(port: $0, notes) }
            let device = try await bus.open(ids.all[0])
            try await device.claim(0, detaching: false)
            let output = try device.makeTransfer(
                .bulk, on: 0x01, maxPacketSize: 512, capacity: 1)
            output.withMutableBytes { $0.storeBytes(of: 0xFF, toByteOffset: 0, as: UInt8.self) }
            try output.submit(length: 1)
            await simulation.clock.wait(for: .seconds(1))
            try #require(notes.all.contains("departed #1"))
            await device.close()
            try await plugged.replug()
            try #require(ids.all.map(\.rawValue) == [1, 2])
            try #require(await plugged.id == AttachmentID(rawValue: 2))
            await plugged.unplug()
            await bus.stop()
        }
    }
}
