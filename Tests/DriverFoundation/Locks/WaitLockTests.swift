import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// Locks: L-1, L-2, L-6.
@Suite struct WaitLockTests {
    @Test("L-1: a wait lock is held across awaits by one at a time, first come first served")
    func order() throws {
        try onBench(seeds: 0..<32) { bench in
            _ = try await bench.open()
            let device = try bench.device
            let lock = device.waitLock("transfers")
            let events = Events()
            let scope = device.scope
            for number in 0..<8 {
                scope.task {
                    events.add("ask \(number)")
                    try? await lock.withLock { () throws(DeviceError) in
                        events.add("in \(number)")
                        await device.clock.wait(for: .microseconds(10 - number))
                        events.add("out \(number)")
                    }
                }
            }
            await bench.clock.wait(for: .milliseconds(1))
            let asked = events.all.filter { $0.hasPrefix("ask") }.map { $0.dropFirst(4) }
            try same(
                events.all.filter { !$0.hasPrefix("ask") },
                asked.flatMap { ["in \($0)", "out \($0)"] }, "order")
            try check(!lock.isHeld, "held at the end")
        }
    }

    @Test("L-1: acquiring takes a limit: zero means now or not at all, and the place is not lost")
    func limits() throws {
        try onBench(seeds: 0..<32) { bench in
            _ = try await bench.open()
            let device = try bench.device
            let lock = device.waitLock("transfers")
            let holder = bench.client {
                try await lock.withLock { () throws(DeviceError) in
                    await device.clock.wait(for: .microseconds(100))
                }
            }
            await bench.clock.wait(for: .microseconds(1))
            try same(await Self.take(lock, .zero), .timedOut, "now")
            let start = bench.clock.now
            try same(await Self.take(lock, .microseconds(20)), .timedOut, "within 20 µs")
            try same(start.duration(to: bench.clock.now), .microseconds(20), "time waited")
            try same(await Self.take(lock, .microseconds(200)), nil, "within 200 µs")
            _ = await holder.value
            try same(await Self.take(lock, .zero), nil, "when free")
            // A limit that passes in the moment in which the lock becomes free loses nothing.
            for microseconds in 1..<8 {
                let holder = bench.client {
                    try await lock.withLock { () throws(DeviceError) in
                        await device.clock.wait(for: .microseconds(5))
                    }
                }
                _ = await Self.take(lock, .microseconds(microseconds))
                _ = await holder.value
                try check(!lock.isHeld, "held by nobody")
            }
        }
    }

    @Test("L-1: a wait ends with its task's cancellation, and with the device's departure")
    func ends() throws {
        try onBench(seeds: 0..<32) { bench in
            let (plug, _, file) = try await bench.open()
            let device = try bench.device
            let lock = device.waitLock("transfers")
            let holder = bench.client {
                try await lock.withLock { () throws(DeviceError) in
                    await device.clock.wait(for: .milliseconds(10))
                }
            }
            await bench.clock.wait(for: .microseconds(1))
            let first = bench.client { try await lock.withLock { () throws(DeviceError) in 1 } }
            let second = bench.client { try await lock.withLock { () throws(DeviceError) in 2 } }
            await bench.clock.wait(for: .microseconds(1))
            first.cancel()
            try same(await first.value.code, .cancelled, "cancelled")
            await plug.unplug()
            try same(await second.value.code, .removed, "unplugged")
            _ = await holder.value
            try check(!lock.isHeld, "held at the end")
            try same(await Self.take(lock, nil), .removed, "afterwards")
            await file.close()
        }
    }

    @Test(
        "L-1, L-6, VF-2, VF-58: taken again by its holder, or out of order, it traps with the names"
    )
    func misuse() async throws {
        let again = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            try onBench(seeds: 0..<1) { bench in
                _ = try await bench.open()
                let lock = try bench.device.waitLock("outer")
                try await lock.withLock { () throws(DeviceError) in
                    try await lock.withLock { () throws(DeviceError) in }
                }
            }
        }
        let recursion = String(decoding: again?.standardErrorContent ?? [], as: UTF8.self)
        #expect(recursion.contains("L-1") && recursion.contains("outer"))
        let order = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            try onBench(seeds: 0..<1) { bench in
                _ = try await bench.open()
                let device = try bench.device
                let (low, high) = (
                    device.waitLock("low", rank: 1), device.waitLock("high", rank: 2)
                )
                try await low.withLock { () throws(DeviceError) in
                    try await high.withLock { () throws(DeviceError) in }
                }
                try await high.withLock { () throws(DeviceError) in
                    try await low.withLock { () throws(DeviceError) in }
                }
            }
        }
        let text = String(decoding: order?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("L-6") && text.contains("low") && text.contains("high"))
    }

    @Test(
        "L-2, S-1, SEED-7: what a driver does between two awaits is never broken into"
    )
    func scopeIsLock() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(.parallel(limit: 8), for: driver, write: { await $0.count($1) })
            }
        ])
        try onBench(seeds: 0..<32, script) { bench in
            let (_, _, file) = try await bench.open()
            let writers = (0..<8).map { _ in bench.client { try await file.write([1]) } }
            for writer in writers { _ = try await writer.value.get() }
            let driver = try bench.driver
            try same(await driver.owned, 16, "counted")
            try same(await driver.mostAtOnce, 1, "at once")
        }
    }

    private static func take(_ lock: WaitLock, _ limit: Duration?) async -> DeviceError.Code? {
        await code { try await lock.withLock(within: limit) { () throws(DeviceError) in } }
    }
}

extension ScriptedDriver {
    private func step() {
        // Two tasks inside here at once would lose one of the counts.
        let before = owned
        mostAtOnce = max(mostAtOnce, owned - before + 1)
        owned = before + 1
    }

    fileprivate func count(_ request: consuming Request) async {
        step()
        await device.clock.wait(for: .microseconds(1))
        step()
        request.complete(1)
    }
}
