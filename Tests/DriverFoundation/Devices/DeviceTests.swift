import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// What a device is and offers: rows of §1.3 that no other suite shows.
@Suite struct DeviceTests {
    @Test("DEV-5: however many bytes a client gives and wants, the driver reaches them alike")
    func bytes() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(.parallel(limit: 4), for: driver, other: { $0.invert($1) })
            }
        ])
        try onBench(seeds: 0..<2, script) { bench in
            let (_, _, file) = try await bench.open()
            for count in [0, 1, 511, 4096, 70_000] {
                let input = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
                let reply = try await file.control(1, input, upTo: count)
                try same(reply.output, input.map { ~$0 }, "\(count) bytes")
            }
        }
    }

    @Test("DEV-7, DI-1: a device is known by its product's name and place, and by its classes")
    func identity() throws {
        try onBench(seeds: 0..<2) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let name = try bench.device.name
            try check(name.hasPrefix("Gadget ("), name)
            let interfaces = bench.interfaces.all(of: .gadget)
            try same(interfaces.map(\.deviceName), [name], "what programs see")
            try same(interfaces.map(\.interfaceClass), [.gadget], "class")
        }
    }

    @Test("DEV-12: a removal waits for every request that the driver owns")
    func removalWaits() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(
                    .parallel(limit: 8), for: driver, write: { await $0.linger($1) })
            },
            .releaseHardware: { driver in driver.notes.append("owned \(driver.owned)") },
        ])
        try onBench(seeds: 0..<24, script) { bench in
            let (_, _, file) = try await bench.open()
            let writes = (0..<4).map { _ in bench.client { try await file.write([1]) } }
            await bench.clock.wait(for: .microseconds(4))
            let driver = try bench.driver
            try await (try bench.device).remove()
            for write in writes { _ = await write.value }
            try same(await driver.notes.last, "owned 0", "at ReleaseHardware")
        }
    }

    @Test("DEV-22: without a device stack the runtime is a library: scopes, deadlines, records")
    func library() throws {
        try Simulation.seeds(0..<4) { simulation in
            let scope = Scope(on: simulation.loop, name: "library")
            let recorder = FlightRecorder(on: simulation.loop, capacity: 8)
            let controller = ControllerObject("shared", on: simulation.loop)
            let fired = LoopConfined(on: simulation.loop, 0)
            let deadline = Deadline(on: simulation.loop) {
                scope.perform { fired.value += 1 }
                recorder.record(.lifecycleStep)
            }
            deadline.arm(after: .seconds(1))
            await simulation.clock.wait(for: .seconds(2))
            try same(fired.value, 1, "fired")
            try same(recorder.records.count, 1, "recorded")
            try check(!controller.isAllocated, "allocated")
        }
    }

    @Test("DEV-23: a driver tells its clients of events by requests that they leave with it")
    func events() throws {
        let script = Script([
            .deviceAdd: { driver in
                let waiters = driver.device.queue(
                    .manual, isPowerManaged: false, taking: [.deviceControl(1)])
                driver.queues.append(waiters)
            }
        ])
        try onBench(seeds: 0..<8, script) { bench in
            let (plug, _, file) = try await bench.open()
            let first = bench.client { try await file.control(1).information }
            let second = bench.client { try await file.control(1).information }
            await bench.settle()
            try await bench.driver.tell(7)
            let told = [try await first.value.get(), try await second.value.get()]
            try same(told, [7, 7], "told")
            // The last event is the device's end.
            let last = bench.client { try await file.control(1).information }
            await bench.settle()
            await plug.unplug()
            try check([.removed, .cancelled].contains(await last.value.code), "no end")
            await file.close()
        }
    }

    @Test("C-1: a collection keeps its objects, in order, until they are taken out")
    func collection() throws {
        try onBench(seeds: 0..<2) { bench in
            _ = try await bench.open()
            let events = Events()
            var collection: [DriverObject] = []
            for name in ["a", "b"] {
                collection.append(try events.child(name, of: try bench.device.object))
            }
            for object in collection {
                try object.delete()
                await object.deleted()
            }
            await bench.settle()
            try same(events.all, ["cleanup a", "cleanup b"], "while they are in it")
            collection.removeFirst()
            try same(events.all.last, "destroy a", "taken out")
            try same(collection.map(\.name), ["b"], "order")
        }
    }

    @Test("C-2: a string that belongs to an object is a context of it, and goes with it")
    func strings() throws {
        try onBench(seeds: 0..<2) { bench in
            _ = try await bench.open()
            let object = try bench.device.object.child("names")
            object.addContext { _ in "größer" }
            try same(object.context(of: String.self), "größer", "the string")
        }
    }
}

extension ScriptedDriver {
    fileprivate func invert(_ request: consuming Request) {
        let output = request.input.copy().map { ~$0 }
        request.complete(with: output)
    }

    fileprivate func linger(_ request: consuming Request) async {
        owned += 1
        await device.wait(for: .milliseconds(1), request: request)
        owned -= 1
        request.complete(1)
    }

    fileprivate func tell(_ event: Int) {
        while let waiter = queues[0].next() { waiter.complete(event) }
    }
}
