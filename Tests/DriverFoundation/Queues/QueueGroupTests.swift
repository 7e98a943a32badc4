import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// What queues do for each other and for their device, and how long their
/// requests take.
@Suite struct QueueGroupTests {
    /// Control 1 is urgent, control 2 is not, writes can wait; each takes a millisecond.
    private static func script(limit: Int, patience: Int = 3) -> Script {
        Script([
            .deviceAdd: { driver in
                let group = driver.device.queueGroup(limit: limit, patience: patience)
                driver.queues = [
                    driver.device.queue(
                        .parallel(limit: 2), share: group.share(.high), for: driver,
                        read: { await $0.treat($1) }),
                    driver.device.queue(
                        .parallel(limit: 8), share: group.share(.normal), for: driver,
                        deviceControl: { await $0.treat($1) }),
                    driver.device.queue(
                        .sequential, share: group.share(.low), for: driver,
                        write: { await $0.treat($1) }),
                ]
            }
        ])
    }

    @Test(
        "Q-21, GAP-16, SEED-5: the more urgent queue goes first, a bounded number of times"
    )
    func priorities() throws {
        try onBench(Self.script(limit: 1)) { bench in
            let (_, _, file) = try await bench.open()
            let queues = try await bench.queues
            for queue in queues { await queue.stop() }
            var calls: [Task<Result<Int, DeviceError>, Never>] = []
            for _ in 0..<8 {
                calls.append(await bench.write([3], to: file))
                calls.append(bench.client { try await file.control(2, [2]).information })
                await bench.settle()
            }
            for queue in queues { queue.start() }
            for call in calls { try same(await call.value.code, nil, "a call") }
            let order = await bench.queuesOrder
            // Before the starts of both nothing can be chosen: from there on three to one.
            try same(Array(order.prefix(8)), [2, 2, 2, 3, 2, 2, 2, 3], "order")
            try same(order.count, 16, "delivered")
            try same(await bench.driver.mostAtOnce, 1, "at once")
        }
    }

    @Test("Q-21: whatever comes, nobody waits for more turns than patience allows")
    func fairness() throws {
        try onBench(seeds: 0..<48, Self.script(limit: 1)) { bench in
            let (_, _, file) = try await bench.open()
            var random = bench.simulation.random
            var calls: [Task<Result<Int, DeviceError>, Never>] = []
            for _ in 0..<60 {
                let kind = random.next(below: 10)
                calls.append(
                    kind < 7
                        ? bench.client { try await file.control(2, [2]).information }
                        : bench.client { try await file.write([3]) })
                if kind % 3 == 0 { await bench.clock.wait(for: .microseconds(700)) }
            }
            for call in calls { try same(await call.value.code, nil, "a call") }
            let latency = try await bench.queues[2].latency
            try same(await bench.driver.received.count, 60, "delivered")
            // A write that is first of its queue sees at most three others go.
            let writes = await bench.queuesOrder.filter { $0 == 3 }.count
            try check(
                latency.waiting.longest <= .milliseconds(4 * writes + 2),
                "a write waited for \(latency.waiting.longest)")
        }
    }

    @Test("Q-21: a group's limit holds for all its queues together, and is used up")
    func limit() throws {
        try onBench(Self.script(limit: 3)) { bench in
            let (_, _, file) = try await bench.open()
            let start = bench.clock.now
            let calls = (0..<12).map { number in
                number % 2 == 0
                    ? bench.client { try await file.control(2, [2]).information }
                    : bench.client { try await file.read(upTo: 4).count }
            }
            for call in calls { try same(await call.value.code, nil, "a call") }
            try same(await bench.driver.mostAtOnce, 3, "at once")
            try same(start.duration(to: bench.clock.now), .milliseconds(4), "time")
        }
    }

    @Test("Q-21: a turn whose request is cancelled before it is taken goes to another queue")
    func unusedTurn() throws {
        try onBench(seeds: 0..<48, Self.script(limit: 1)) { bench in
            let (_, _, file) = try await bench.open()
            let queues = try await bench.queues
            for queue in queues { await queue.stop() }
            let write = await bench.write([3], to: file)
            let control = bench.client { try await file.control(2, [2]).information }
            await bench.settle()
            for queue in queues { queue.start() }
            control.cancel()
            let code = await control.value.code
            try check(code == nil || code == .cancelled, "the control: \(String(describing: code))")
            try same(await write.value.code, nil, "the write")
        }
    }

    @Test("Q-21: a queue of a group that is stopped takes no turns")
    func stoppedMember() throws {
        try onBench(Self.script(limit: 1)) { bench in
            let (_, _, file) = try await bench.open()
            let queues = try await bench.queues
            await queues[1].stop()
            let control = bench.client { try await file.control(2, [2]).information }
            for _ in 0..<5 { try await file.write([3]) }
            try same(queues[1].count, 1, "waiting")
            queues[1].start()
            try same(await control.value.code, nil, "the control")
        }
    }

    // MARK: Reserve

    private static func reserving(_ kinds: @escaping @Sendable (RequestKind) -> Bool) -> Script {
        Script([
            .deviceAdd: { driver in
                let queue = driver.device.queue(
                    .parallel(limit: 8), for: driver, other: { $0.keep($1) })
                queue.reserve(2, for: kinds)
                driver.queues = [queue]
                driver.device.requestLimit = 2
            }
        ])
    }

    @Test("Q-19: requests set aside are used when the device has none left, and then go back")
    func reserve() throws {
        try onBench(Self.reserving { $0 == .write }) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let queue = try await bench.queues[0]
            var writes: [Task<Result<Int, DeviceError>, Never>] = []
            for number in 1...4 as ClosedRange<UInt8> {
                writes.append(await bench.write([number], to: file))
                try same(queue.reserveCount, number <= 2 ? 2 : 4 - Int(number), "set aside")
            }
            try same(await code { try await file.write([5]) }, .outOfMemory, "the fifth")
            await driver.release()
            await driver.release()
            try same(queue.reserveCount, 0, "the reserve is not for what fits")
            await driver.releaseAll()
            for write in writes { try same(await write.value.code, nil, "a write") }
            try same(queue.reserveCount, 2, "given back")
        }
    }

    @Test("Q-19: a queue may examine which requests are worth it")
    func examine() throws {
        try onBench(Self.reserving { $0 == .write }) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let writes = [await bench.write([1], to: file), await bench.write([2], to: file)]
            try same(await code { try await file.control(1) }, .outOfMemory, "a control")
            let third = await bench.write([3], to: file)
            await driver.releaseAll()
            for write in writes + [third] { try same(await write.value.code, nil, "a write") }
            try same(try await bench.queues[0].reserveCount, 2, "given back")
        }
    }

    @Test("Q-19: with every allocation failing, what is set aside still gets through")
    func failureInjection() throws {
        var options = Simulation.Options()
        options.planted = [.requestAllocationFails]
        for seed in 0..<8 as Range<UInt64> {
            _ = try Simulation.run(seed: seed, options: options) { simulation in
                let script = Self.reserving { _ in true }
                let bench = try await Bench(simulation, script)
                let (_, _, file) = try await bench.open()
                let driver = try bench.driver
                for _ in 0..<5 {
                    let write = await bench.write([1], to: file)
                    await driver.releaseAll()
                    try same(await write.value.code, nil, "a write")
                }
                await bench.end()
            }
        }
    }

    // MARK: Power references

    @Test("Q-22: the device is held in D0 while a power-managed queue has a request, no longer")
    func powerReference() throws {
        let script = Script([
            .deviceAdd: { driver in
                let manual = driver.device.queue(.manual)
                driver.queues = [
                    driver.device.queue(.sequential, for: driver, write: { $0.keep($1) }), manual,
                    driver.device.queue(
                        .sequential, isPowerManaged: false, for: driver, read: { $0.keep($1) }),
                ]
            }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let device = try bench.device
            let queues = try await bench.queues
            /// The queues that keep the device in D0.
            func holders() -> [String] {
                device.state.value.queues.filter { $0.powerReference?.since != nil }.map(\.name)
            }
            let read = bench.client { try await file.read(upTo: 1) }
            await bench.settle()
            try same(holders(), [], "with a request that is not power-managed")
            await driver.release { $0.complete(with: [1]) }
            _ = await read.value
            let first = await bench.write([1], to: file)
            let second = await bench.write([2], to: file)
            try same(holders(), ["queue 2"], "with requests")
            await driver.release { $0.forward(to: queues[1]) }
            await bench.settle()
            await driver.release()
            _ = await second.value
            try same(holders(), ["queue 1"], "with one in the manual queue")
            queues[1].next()?.complete(1)
            _ = await first.value
            try same(holders(), [], "without")
            let third = await bench.write([3], to: file)
            await driver.release { $0.forward(to: queues[1]) }
            try same(holders(), ["queue 1"], "forwarded")
            third.cancel()
            _ = await third.value
            try same(holders(), [], "cancelled")
        }
    }

    // MARK: Lengths and times

    @Test("Q-5: zero-length requests reach the driver of a queue that allows them")
    func zeroLength() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(
                    .sequential, allowsZeroLength: true, for: driver,
                    write: { $0.take($1) })
            }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            try same(try await file.write([]), 0, "write")
            try same(await bench.driver.received, [[]], "delivered")
        }
    }

    @Test(
        "Q-9, GAP-18: a queue tells apart how long requests waited and how long the driver had them"
    )
    func latency() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.queues = [
                    driver.device.queue(
                        .sequential, for: driver,
                        write: { driver, request in
                            await driver.device.clock.wait(for: .milliseconds(8))
                            request.complete()
                        })
                ]
            }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            let writes = (0..<4).map { _ in bench.client { try await file.write([1]) } }
            for write in writes { _ = await write.value }
            let latency = try await bench.queues[0].latency
            try same(latency.driver.count, 4, "counted")
            try same(latency.driver.longest, .milliseconds(8), "the longest")
            try same(latency.waiting.longest, .milliseconds(24), "the longest wait")
            let median = latency.waiting.duration(of: 0.5)
            try check(median >= .milliseconds(8) && median <= .milliseconds(9), "\(median)")
        }
    }
}

extension Bench {
    /// The first byte of each request, in the order of delivery.
    fileprivate var queuesOrder: [UInt8] {
        get async { (try? await driver.received.compactMap(\.first)) ?? [] }
    }
}

extension ScriptedDriver {
    /// Takes a millisecond for a request.
    fileprivate func treat(_ request: consuming Request) async {
        let input = request.input.copy()
        owned += 1
        mostAtOnce = max(mostAtOnce, owned)
        received.append(input)
        await device.clock.wait(for: .milliseconds(1))
        owned -= 1
        request.complete()
    }
}

/// Durations in buckets.
@Suite struct LatencyHistogramTests {
    @Test("no duration is told more than an eighth too long, and none too short")
    func accuracy() {
        for exponent in 0..<40 {
            for offset in [-1, 0, 1, 3] {
                var histogram = LatencyHistogram()
                let nanoseconds = max((1 << exponent) + offset * (1 << exponent) / 5, 0)
                histogram.add(.nanoseconds(nanoseconds))
                // A longer one beside it, for the longest bounds what is told.
                histogram.add(.seconds(100_000))
                let told = histogram.duration(of: 0.5).nanoseconds
                #expect(told >= nanoseconds, "\(nanoseconds) told as \(told)")
                #expect(told <= nanoseconds + max(nanoseconds / 8, 128), "\(nanoseconds): \(told)")
            }
        }
    }

    @Test("extremes are counted")
    func extremes() {
        var histogram = LatencyHistogram()
        #expect(histogram.duration(of: 0.5) == .zero)
        histogram.add(.nanoseconds(-5))
        histogram.add(.seconds(1_000_000_000_000))
        #expect(histogram.count == 2)
        #expect(histogram.duration(of: -1) <= .nanoseconds(127))
        #expect(histogram.duration(of: 7) == .seconds(1_000_000_000_000))
    }
}
