import DriverSimulation
import KeyboardDevice
import Testing
import ToasterDevice
import USBBus
import VirtualUSB

@Suite struct StandardRequestTests {
    private func keyboard(
        _ body: @escaping @Sendable (Simulation, UpstreamPort) async throws -> Void
    ) throws {
        _ = try Simulation.run(seed: 7) { simulation in
            let upstream = try await UpstreamPort.connect(on: simulation.loop, name: "keyboard") {
                KeyboardDevice(port: $0, typing: "Hi!")
            }
            try await body(simulation, upstream)
            upstream.unplug(pending: .endWithError)
        }
    }

    @Test("USB 2.0 §9.4.3: descriptors are answered, cut to the length asked for")
    func descriptors() throws {
        try keyboard { _, upstream in
            let device = await upstream.control(.getDescriptor(.device, length: 64))
            try #require(device.bytes == upstream.description.device.bytes)
            let start = await upstream.control(.getDescriptor(.device, length: 8))
            try #require(start.bytes == Array(device.bytes.prefix(8)))
            let whole = upstream.description.configurations[0].bytes
            let configuration = await upstream.control(
                .getDescriptor(.configuration, length: 255))
            try #require(configuration.bytes == whole)
            let languages = await upstream.control(.getDescriptor(.string, length: 255))
            try #require(languages.bytes == [4, 3, 9, 4])
            let name = await upstream.control(.getDescriptor(.string, index: 2, length: 255))
            try #require(try StringDescriptor(bytes: name.bytes).string == "Typing keyboard")
            for (type, index) in [
                (DescriptorType.configuration, 1), (.string, 9), (.deviceQualifier, 0), (.bos, 0),
                (.endpoint, 0),
            ] as [(DescriptorType, UInt8)] {
                let answer = await upstream.control(
                    .getDescriptor(type, index: index, length: 64))
                try #require(answer.status == .stalled, "\(type)")
            }
        }
    }

    @Test("USB 2.0 §9.4: address, configuration, interface, status and features follow the state")
    func state() throws {
        try keyboard { _, upstream in
            try #require(await upstream.control(.getConfiguration).bytes == [0])
            try #require(await upstream.control(.getInterface(0)).status == .stalled)
            try #require(await upstream.control(.setAddress(5)).status == .completed)
            try #require(await upstream.control(.setConfiguration(2)).status == .stalled)
            try await upstream.configure()
            try #require(await upstream.control(.getConfiguration).bytes == [1])
            try #require(await upstream.control(.getInterface(0)).bytes == [0])
            try #require(await upstream.control(.getStatus()).bytes == [0, 0])
            let halt = SetupPacket.setFeature(.endpointHalt, of: .endpoint, index: 0x81)
            try #require(await upstream.control(halt).status == .completed)
            let status = SetupPacket.getStatus(of: .endpoint, index: 0x81)
            try #require(await upstream.control(status).bytes == [1, 0])
            try #require(await upstream.control(.clearHalt(0x81)).status == .completed)
            try #require(await upstream.control(status).bytes == [0, 0])
            upstream.busReset()
            try #require(upstream.configuration == nil)
            try #require(await upstream.control(.getConfiguration).bytes == [0])
        }
    }

    @Test("HID 1.11 §7: the keyboard gives its report descriptor and takes the host's requests")
    func keyboardRequests() throws {
        try keyboard { simulation, upstream in
            try await upstream.configure()
            let report = await upstream.control(
                .getDescriptor(.hidReport, interface: 0, length: 255))
            try #require(report.bytes.count == 63 && report.bytes.last == 0xC0)
            let hid = await upstream.control(.getDescriptor(.hid, interface: 0, length: 255))
            try #require(try HIDDescriptor(bytes: hid.bytes).reportLength == 63)
            let idle = SetupPacket(.out, .class, .interface, request: 10)
            try #require(await upstream.control(idle).status == .completed)
            let lights = SetupPacket(
                .out, .class, .interface, request: 9, value: 0x200, length: 1)
            try #require(await upstream.control(lights, [2]).status == .completed)
            let read = SetupPacket(.in, .class, .interface, request: 1, value: 0x200, length: 1)
            try #require(await upstream.control(read).bytes == [2])
            let transfer = TestTransfer(upstream, 0x81)
            var typed: [[UInt8]] = []
            for _ in 0..<6 {
                transfer.submit(8)
                typed.append(await transfer.end().bytes)
            }
            try #require(typed.map { $0[2] } == [11, 0, 12, 0, 30, 0])
            try #require(typed.map { $0[0] } == [2, 0, 0, 0, 2, 0])
        }
    }

    @Test("the toaster browns a slice in about three seconds and tells its heat")
    func toaster() throws {
        _ = try Simulation.run(seed: 3) { simulation in
            let upstream = try await UpstreamPort.connect(on: simulation.loop, name: "toaster") {
                ToasterDevice(port: $0)
            }
            try await upstream.configure()
            let heat = TestTransfer(upstream, 0x02)
            let start = simulation.clock.now
            heat.send([255])
            try #require(await heat.end().status == .completed)
            let report = TestTransfer(upstream, 0x81)
            var level: UInt8 = 0
            while level < 255 {
                report.submit(8)
                let next = await report.end().bytes
                try #require(next.count == 1 && next[0] > level)
                level = next[0]
            }
            let duration = start.duration(to: simulation.clock.now)
            try #require(duration > .seconds(2) && duration < .seconds(4))
            let question = SetupPacket(.in, .vendor, request: 1, length: 1)
            try #require(await upstream.control(question).bytes == [255])
            upstream.unplug(pending: .endWithError)
        }
    }

    @Test("nothing that a host sends traps a device: every transfer of nonsense ends once")
    func nonsense() throws {
        try Simulation.seeds(0..<200) { simulation in
            var random = simulation.random
            let upstream = try await UpstreamPort.connect(on: simulation.loop, name: "victim") {
                KeyboardDevice(port: $0, typing: "nonsense")
            }
            var transfers: [TestTransfer] = []
            for _ in 0..<150 {
                let endpoint: EndpointAddress =
                    .random(using: &random)
                    ? .control
                    : EndpointAddress(rawValue: .random(in: 0...255, using: &random))
                let transfer = TestTransfer(upstream, endpoint, capacity: 64)
                transfer.setup = SetupPacket(
                    requestType: [0, 1, 2, 0x80, 0x81, 0x82, 0x21, 0xA1, 0xC0, 0xFF]
                        .randomElement(using: &random) ?? 0,
                    request: .random(in: 0...12, using: &random),
                    value: [0, 1, 2, 0x100, 0x200, 0x2200, 0xFFFF]
                        .randomElement(using: &random) ?? 0,
                    index: [0, 1, 0x81, 0xFFFF].randomElement(using: &random) ?? 0,
                    length: [0, 1, 8, 64, 0xFFFF].randomElement(using: &random) ?? 0)
                transfer.submit([-5, 0, 1, 8, 64, 1 << 20].randomElement(using: &random) ?? 0)
                transfers.append(transfer)
                if .random(in: 0..<40, using: &random) == 0 { upstream.busReset() }
                if .random(using: &random) { await simulation.pause() }
            }
            upstream.unplug(pending: .endAfterDeparture)
            for transfer in transfers { _ = await transfer.end() }
            try #require(transfers.allSatisfy { $0.ends.count == 1 })
        }
    }
}

extension Bool {
    fileprivate static func random(using random: inout SeededGenerator) -> Bool {
        Int.random(in: 0...1, using: &random) == 1
    }
}
