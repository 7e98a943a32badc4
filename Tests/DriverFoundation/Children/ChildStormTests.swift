import DriverSimulation
import Testing

@testable import DriverFoundation

/// Children that come and go at random while programs use them and their parent.
@Suite struct ChildStormTests {
    @Test(
        "B-1, B-8, B-9, R-18: whatever comes and goes, each child ends once and before its parent")
    func storm() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(
                    .parallel(limit: 2), for: driver,
                    write: { driver, request in
                        await driver.device.wait(for: .microseconds(300), request: request)
                        request.complete(0)
                    },
                    deviceControl: { driver, request in
                        guard let queue = driver.device.parentQueue else {
                            return request.fail(.invalidRequest)
                        }
                        request.forward(to: queue)
                    })
            },
            .enterD0: { await $0.device.clock.wait(for: .microseconds(200)) },
            .exitD0: { await $0.device.clock.wait(for: .microseconds(200)) },
        ])
        try onBench(seeds: 0..<300, script, drivers: []) { bench in
            let bus = try await bench.toyBus()
            await bus.run { $0.settle = { $0.driver = ScriptedDriver.self } }
            var random = SeededGenerator(seed: bench.simulation.seed)
            var clients: [Task<Result<Int, DeviceError>, Never>] = []
            for _ in 0..<40 {
                try await Self.step(bench, bus, &random, &clients)
                let pause = random.next(below: 400)
                await bench.clock.wait(for: .microseconds(pause))
            }
            if random.next(below: 2) == 0 { try? await bus.device.remove() }
            await bench.plugAndPlay.stop()
            for client in clients { _ = await client.value }
            try Self.checkEnds(bench, bus)
        }
    }

    private static func step(
        _ bench: Bench, _ bus: ToyBus, _ random: inout SeededGenerator,
        _ clients: inout [Task<Result<Int, DeviceError>, Never>]
    ) async throws {
        let number = random.next(below: 3)
        switch random.next(below: 10) {
        case 0, 1, 2: await bus.plug(number)
        case 3, 4: await bus.pull(number)
        case 5:
            await bus.run { bus in
                bus.list?.beginScan()
                bus.plug(number)
                await bus.device.clock.wait(for: .microseconds(100))
                bus.list?.endScan()
            }
        case 6:
            let isControl = random.next(below: 2) == 0
            clients.append(
                bench.client {
                    guard let interface = bench.interfaces.all(of: .gadget).first else { return 0 }
                    let file = try await interface.open()
                    defer { Task(executorPreference: bench.executor) { await file.close() } }
                    return isControl
                        ? try await file.control(1).information : try await file.write([1])
                })
        case 7:
            await bus.run { bus in
                while let request = bus.takenFromChildren?.next() { request.complete(1) }
            }
        case 8: try? await bench.journal.device(named: "toy \(number)")?.remove()
        default: await bus.run { $0.refusals[number] = [.tryAgain] }
        }
    }

    private static func checkEnds(_ bench: Bench, _ bus: ToyBus) throws {
        var alive: [String: Int] = [:]
        for line in bench.journal.story {
            let parts = line.split(separator: ":", maxSplits: 1)
            let name = String(parts[0])
            if line.contains("matched to") { alive[name, default: 0] += 1 }
            if line.hasSuffix(": disposed") { alive[name, default: 0] -= 1 }
            try check(alive[name, default: 0] >= 0, "\(name) ended twice")
            if name == "ToyBus", line.hasSuffix(": disposed") {
                try check(alive.values.allSatisfy { $0 == 0 }, "the parent ended before a child")
            }
        }
        try check(alive.values.allSatisfy { $0 == 0 }, "left: \(alive)")
        try same(bus.device.children.count, 0, "children")
    }
}
