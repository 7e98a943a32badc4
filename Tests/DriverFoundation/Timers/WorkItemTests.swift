import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// Work items and deferred calls: L-4, L-5.
@Suite struct WorkItemTests {
    private static func script(
        _ handler: @escaping @Sendable (isolated ScriptedDriver) async -> Void
    ) -> Script {
        Script([
            .deviceAdd: { driver throws(DeviceError) in
                let item = try driver.device.workItem("w", for: driver, handler)
                driver.device.object.addContext { _ in item }
            }
        ])
    }

    private static func item(_ bench: Bench) throws -> WorkItem {
        guard let item = try bench.device.object.context(of: WorkItem.self) else {
            throw Surprise("no work item")
        }
        return item
    }

    @Test("L-4: enqueued while queued it runs once; enqueued while it runs, once more")
    func coalesces() throws {
        let script = Self.script { driver in
            driver.notes.append("begin")
            if driver.notes.count < 5 { await driver.valve.pass() }
            driver.notes.append("end")
        }
        try onBench(seeds: 0..<32, script) { bench in
            _ = try await bench.open()
            let item = try Self.item(bench)
            try check(item.enqueue(), "not queued")
            try check(!item.enqueue(), "queued twice")
            await bench.settle()
            try check(item.enqueue(), "not queued while it runs")
            try check(!item.enqueue(), "queued twice while it runs")
            bench.valve.open()
            await item.flush()
            try same(
                await bench.driver.notes.filter { !$0.contains("(") },
                ["begin", "end", "begin", "end"], "calls")
        }
    }

    @Test("L-4: flush waits for every call that was queued before it, and for no later one")
    func flush() throws {
        let script = Self.script { driver in
            driver.owned += 1
            await driver.device.clock.wait(for: .microseconds(10))
            driver.mostAtOnce += 1
            // It never comes to rest by itself.
            driver.device.object.context(of: WorkItem.self)?.enqueue()
        }
        try onBench(seeds: 0..<32, script) { bench in
            _ = try await bench.open()
            let item = try Self.item(bench)
            await item.flush()
            try same(await bench.driver.owned, 0, "begun by a flush of nothing")
            item.enqueue()
            await item.flush()
            try check(await bench.driver.mostAtOnce == 1, "ended")
            await bench.clock.wait(for: .microseconds(3))
            await item.flush()
            let ended = await (try bench.driver).mostAtOnce
            try check(ended >= 2 && ended <= 4, "ended \(ended) calls")
        }
    }

    @Test("L-4, VF-60: flushed from inside its own callback it traps")
    func fromWithin() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            let script = Self.script { driver in
                await driver.device.object.context(of: WorkItem.self)?.flush()
            }
            try onBench(seeds: 0..<1, script) { bench in
                _ = try await bench.open()
                try Self.item(bench).enqueue()
                await bench.settle()
            }
        }
        let error = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(error.contains("L-4"))
    }

    @Test("L-4: deleted, it takes a queued call back and waits for one that runs")
    func deleted() throws {
        let script = Self.script { driver in
            driver.notes.append("begin")
            await driver.device.clock.wait(for: .microseconds(10))
            driver.notes.append("end")
        }
        try onBench(seeds: 0..<32, script) { bench in
            _ = try await bench.open()
            let item = try Self.item(bench)
            item.enqueue()
            var random = bench.simulation.random
            await bench.clock.wait(for: .microseconds(random.next(below: 12)))
            item.enqueue()
            try item.object.delete()
            await item.object.deleted()
            let notes = await (try bench.driver).notes.filter { !$0.contains("(") }
            let calls = notes.count / 2
            try check(calls <= 2, "\(calls) calls")
            try same(notes, (0..<calls).flatMap { _ in ["begin", "end"] }, "calls")
            try check(!item.enqueue(), "queued after its end")
            await bench.clock.wait(for: .milliseconds(1))
            try same(await bench.driver.notes.filter { !$0.contains("(") }, notes, "later")
        }
    }

    @Test("L-5, S-6: a deferred call runs after the code that asked for it, and coalesces")
    func deferredCall() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                let call = try driver.device.deferredCall(for: driver) { $0.notes.append("call") }
                driver.device.object.addContext { _ in call }
            },
            .enterD0: { driver in
                let call = driver.device.object.context(of: DeferredCall.self)
                driver.notes.append("\(call?.enqueue() == true) \(call?.enqueue() == true)")
                driver.notes.append("asked")
            },
        ])
        try onBench(script) { bench in
            _ = try await bench.open()
            await bench.settle()
            try same(
                await Array(bench.driver.notes.suffix(3)), ["true false", "asked", "call"], "order")
            let call = try bench.device.object.context(of: DeferredCall.self)
            try check(call?.enqueue() == true, "not queued")
            try check(call?.cancel() == true, "nothing to take back")
            try check(call?.cancel() == false, "taken back twice")
            await bench.settle()
            try same(await bench.driver.notes.filter { $0 == "call" }.count, 1, "calls")
        }
    }
}
