import DriverSimulation
import Testing
import USBBus
import VirtualUSB

@Suite struct FaultPlanTests {
    private func run(
        _ rules: [FaultRule],
        _ body: @escaping @Sendable (Simulation, UpstreamPort) async throws -> Void
    ) throws {
        _ = try Simulation.run(seed: 11) { simulation in
            let upstream = try await UpstreamPort.connect(
                on: simulation.loop, name: "faulty", faults: FaultPlan(rules)
            ) { EchoDevice(port: $0) }
            try await upstream.configure()
            try await body(simulation, upstream)
            upstream.unplug(pending: .endWithError)
        }
    }

    @Test("the n-th transfer stalls, and the endpoint stays halted until the halt is cleared")
    func stall() throws {
        try run([FaultRule(0x01, transfer: 2, .stall)]) { _, upstream in
            let output = TestTransfer(upstream, 0x01)
            output.send([1])
            try #require(await output.end().status == .completed)
            for _ in 0..<2 {
                output.send([2])
                try #require(await output.end().status == .stalled)
            }
            try #require(await upstream.control(.clearHalt(0x01)).status == .completed)
            let input = TestTransfer(upstream, 0x81)
            input.submit(512)
            try #require(await input.end().bytes == [1])
            output.send([3])
            try #require(await output.end().status == .completed)
        }
    }

    @Test("a delay takes its time on the loop's clock, and what is behind it waits")
    func delay() throws {
        try run([FaultRule(0x01, transfer: 1, .delay(.seconds(2)))]) { simulation, upstream in
            let (first, second) = (TestTransfer(upstream, 0x01), TestTransfer(upstream, 0x01))
            let start = simulation.clock.now
            first.send([1])
            second.send([2])
            try #require(await first.end().status == .completed)
            try #require(start.duration(to: simulation.clock.now) == .seconds(2))
            let input = TestTransfer(upstream, 0x81)
            for byte in [1, 2] as [UInt8] {
                input.submit(512)
                try #require(await input.end().bytes == [byte])
            }
        }
    }

    @Test("failures, short transfers, spoiled bytes and silence happen to whom the plan says")
    func others() throws {
        let rules = [
            FaultRule(0x01, transfer: 1, .fail), FaultRule(0x01, transfer: 2, .short(2)),
            FaultRule(0x81, transfer: 2, .corrupt), FaultRule(0x81, transfer: 3, .silence),
            FaultRule(.control, request: 0, .stall),
        ]
        try run(rules) { simulation, upstream in
            let output = TestTransfer(upstream, 0x01)
            let input = TestTransfer(upstream, 0x81)
            output.send([9])
            try #require(await output.end().status == .failed)
            output.send([1, 2, 3])
            try #require(await output.end().status == .completed)
            input.submit(512)
            try #require(await input.end().bytes == [1, 2])
            output.send([5])
            input.submit(512)
            try #require(await input.end().bytes == [~5])
            output.send([6])
            input.submit(512)
            await simulation.clock.wait(for: .seconds(60))
            try #require(input.isPending && input.withdraw())
            input.submit(512)
            try #require(await input.end().bytes == [6])
            try #require(await upstream.control(.getStatus()).status == .stalled)
        }
    }

    @Test("a device that does not answer the bus's own requests holds nobody up for ever")
    func silentControl() throws {
        _ = try Simulation.run(seed: 12) { simulation in
            let bus = VirtualBus(on: simulation.loop)
            let configurations = Notes<UInt8?>()
            try await bus.start { event in
                if case .arrived(let device) = event {
                    configurations.add(device.activeConfiguration)
                }
            }
            let plan = FaultPlan([FaultRule(.control, request: 9, .silence)])
            let plugged = try await bus.plug(faults: plan) { EchoDevice(port: $0) }
            try #require(configurations.all == [nil])
            let device = try await bus.open(try #require(await plugged.id))
            do throws(BusError) {
                try await device.setConfiguration(1)
                Issue.record("A silent device was configured.")
            } catch {
                #expect(error.code == .failed)
            }
            await device.close()
            await bus.stop()
        }
    }

    @Test(
        "USB 2.0 §9.2.6.1: a halt or a setting that the device does not answer for ends in time",
        arguments: [1, 11] as [UInt8])
    func silentRequest(request: UInt8) throws {
        _ = try Simulation.run(seed: 13) { simulation in
            let bus = VirtualBus(on: simulation.loop)
            try await bus.start { _ in }
            let plan = FaultPlan([FaultRule(.control, request: request, .silence)])
            let plugged = try await bus.plug(faults: plan) { EchoDevice(port: $0) }
            let device = try await bus.open(try #require(await plugged.id))
            try await device.claim(0, detaching: false)
            let start = simulation.clock.now
            do throws(BusError) {
                if request == 1 {
                    try await device.clearHalt(0x81)
                } else {
                    try await device.setAlternateSetting(0, of: 0)
                }
                Issue.record("A silent device answered.")
            } catch {
                #expect(error.code == .failed && error.message.contains("in time"))
            }
            #expect(start.duration(to: simulation.clock.now) == .seconds(5))
            await device.close()
            await bus.stop()
        }
    }

    @Test("L12: the plan's unplug ends what is pending before or after the departure, or never")
    func unplug() throws {
        for kind in UnplugKind.allCases {
            try run([FaultRule(0x01, transfer: 2, .unplug(kind))]) { simulation, upstream in
                let departures = Notes<Int>()
                let input = TestTransfer(upstream, 0x81)
                let output = TestTransfer(upstream, 0x01)
                output.send([1])
                input.submit(512)
                _ = await input.end()
                input.submit(512)
                upstream.onUnplug { _ in departures.add(input.ends.count) }
                _ = await output.end()
                output.send([2])
                await simulation.clock.wait(for: .seconds(1))
                try #require(departures.all == [kind == .endWithError ? 2 : 1])
                switch kind {
                case .endWithError:
                    try #require(input.ends.last?.status == .failed)
                case .endAfterDeparture:
                    try #require(input.ends.last?.status == .deviceGone)
                case .vanish:
                    try #require(input.withdraw() && output.withdraw())
                }
                let late = TestTransfer(upstream, 0x81)
                late.submit(8)
                try #require(await late.end().status == .deviceGone)
            }
        }
    }
}
