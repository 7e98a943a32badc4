import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// Controller objects: SEED-17.
@Suite struct ControllerTests {
    /// Plugs in so many gadgets, and returns their devices.
    private static func devices(_ count: Int, _ bench: Bench) async throws -> (
        [PluggedDevice], [Device]
    ) {
        var plugs: [PluggedDevice] = []
        for _ in 0..<count { plugs.append(try await bench.plug().0) }
        await bench.clock.wait(for: .seconds(1))
        return (plugs, await bench.plugAndPlay.devices())
    }

    @Test(
        "SEED-17: a controller that devices share is had by one at a time, in the order of asking")
    func order() throws {
        try onBench(seeds: 0..<32) { bench in
            let (_, devices) = try await Self.devices(4, bench)
            let controller = ControllerObject("bridge", on: bench.simulation.loop)
            let events = Events()
            var random = bench.simulation.random
            for (number, device) in devices.enumerated() {
                let moment = random.next(below: 8) * 4 + number
                device.task {
                    await device.clock.wait(for: .nanoseconds(moment))
                    events.add("ask \(number)")
                    guard let right = try? await controller.allocate(for: device) else { return }
                    events.add("in \(number)")
                    await device.clock.wait(for: .microseconds(3))
                    events.add("out \(number)")
                    right.free()
                }
            }
            await bench.clock.wait(for: .seconds(1))
            let asked = events.all.filter { $0.hasPrefix("ask") }.map { $0.dropFirst(4) }
            try same(
                events.all.filter { !$0.hasPrefix("ask") },
                asked.flatMap { ["in \($0)", "out \($0)"] }, "order")
            try check(!controller.isAllocated, "allocated at the end")
        }
    }

    @Test("SEED-17: an allocation that is dropped is given back; one too late is timed out")
    func dropped() throws {
        try onBench { bench in
            let (_, devices) = try await Self.devices(2, bench)
            let controller = ControllerObject("bridge", on: bench.simulation.loop)
            do {
                let right = try await controller.allocate(for: devices[0])
                try check(right.controller.isAllocated, "not allocated")
                try same(
                    await code {
                        try await controller.allocate(for: devices[1], within: .microseconds(5))
                            .free()
                    }, .timedOut, "while it is allocated")
            }
            try await controller.allocate(for: devices[1], within: .zero).free()
            try check(!controller.isAllocated, "allocated at the end")
        }
    }

    @Test("SEED-17: a device that departs leaves the line; the next behind it is served")
    func departure() throws {
        try onBench(seeds: 0..<32) { bench in
            let (plugs, devices) = try await Self.devices(3, bench)
            let controller = ControllerObject("bridge", on: bench.simulation.loop)
            let right = try await controller.allocate(for: devices[0])
            let second = bench.client { try await controller.allocate(for: devices[1]).free() }
            await bench.clock.wait(for: .microseconds(1))
            let third = bench.client { try await controller.allocate(for: devices[2]).free() }
            await bench.clock.wait(for: .microseconds(1))
            try same(controller.waiting, 2, "waiting")
            await plugs[1].unplug()
            try same(await second.value.code, .removed, "the departed")
            try same(controller.waiting, 1, "waiting")
            right.free()
            try same(await third.value.code, nil, "the next")
        }
    }

    @Test("SEED-17: a device whose task is cancelled leaves the line")
    func cancelled() throws {
        try onBench(seeds: 0..<32) { bench in
            let (_, devices) = try await Self.devices(2, bench)
            let controller = ControllerObject("bridge", on: bench.simulation.loop)
            let right = try await controller.allocate(for: devices[0])
            let waiting = bench.client { try await controller.allocate(for: devices[1]).free() }
            var random = bench.simulation.random
            await bench.clock.wait(for: .nanoseconds(random.next(below: 2)))
            waiting.cancel()
            try same(await waiting.value.code, .cancelled, "cancelled")
            right.free()
            try check(!controller.isAllocated, "allocated at the end")
        }
    }
}
