import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// How queues hand out requests: Q-1, 3, 4, 5, 6, 8, 10, 11, 12, 17, 18.
@Suite struct QueueTests {
    private static let forward: ControlCode = 1
    private static let draw: ControlCode = 3

    /// A driver whose handlers note what they get; control 1 is forwarded, 3 draws.
    private static func script(_ dispatch: QueueDispatch) -> Script {
        Script([
            .deviceAdd: { driver in
                let manual = driver.device.queue(.manual)
                driver.queues = [manual]
                driver.device.queue(
                    dispatch, for: driver, write: { await $0.write($1) },
                    deviceControl: { await $0.control($1) })
            }
        ])
    }

    @Test("Q-1: sequential means that the next comes when the previous has left, not returned")
    func sequential() throws {
        try onBench(Self.script(.sequential)) { bench in
            let (_, _, file) = try await bench.open()
            let start = bench.clock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 as Range<UInt8> {
                    group.addTask(executorPreference: bench.executor) {
                        try await file.write([number])
                    }
                }
                try await group.waitForAll()
            }
            let driver = try bench.driver
            try same(await driver.mostAtOnce, 1, "at once")
            try same(await driver.received.count, 8, "delivered")
            try same(start.duration(to: bench.clock.now), .milliseconds(80), "time")
        }
    }

    @Test("Q-1: parallel hands out up to its cap, and refills it at once")
    func parallel() throws {
        try onBench(Self.script(.parallel(limit: 3))) { bench in
            let (_, _, file) = try await bench.open()
            let start = bench.clock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<9 as Range<UInt8> {
                    group.addTask(executorPreference: bench.executor) {
                        try await file.write([number])
                    }
                }
                try await group.waitForAll()
            }
            let driver = try bench.driver
            try same(await driver.mostAtOnce, 3, "at once")
            try same(start.duration(to: bench.clock.now), .milliseconds(30), "time")
        }
    }

    @Test("Q-17: requests of one client task are delivered in the order in which they were made")
    func order() throws {
        try onBench(seeds: 0..<32, Self.script(.sequential)) { bench in
            let (_, _, file) = try await bench.open()
            let scope = bench.simulation.scope(named: "clients")
            let done = Valve(on: bench.simulation.loop)
            for number in 0..<10 as Range<UInt8> {
                scope.task {
                    _ = try? await file.write([number])
                    if number == 9 { done.open() }
                }
            }
            await done.pass()
            try same(await bench.driver.received, (0..<10).map { [$0] }, "order")
        }
    }

    @Test("Q-11: a forwarded request leaves the driver: the next is delivered, the client waits on")
    func forwardDoesNotBlock() throws {
        try onBench(Self.script(.sequential)) { bench in
            let (_, _, file) = try await bench.open()
            async let waiting = file.control(Self.forward)
            await bench.settle()
            try await file.write([1])
            try same(await bench.driver.queues[0].count, 1, "waiting")
            try await file.control(Self.draw)
            try same(try await waiting.information, 7, "information")
        }
    }

    @Test("Q-10, Q-12: next() draws the oldest; a requeued request is at the head again")
    func requeue() throws {
        try onBench(Self.script(.parallel(limit: 8))) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let queue = await driver.queues[0]
            async let first = file.control(Self.forward)
            await bench.settle()
            async let second = file.control(Self.forward, [2])
            await bench.settle()
            try same(queue.count, 2, "waiting")
            try same(Self.drawAndRequeue(queue), [], "the oldest's input")
            try same(queue.ownedCount, 0, "owned")
            queue.next()?.complete(1)
            queue.next()?.complete(2)
            try check(queue.next() == nil, "an empty queue gives nothing")
            try same(try await first.information, 1, "first")
            try same(try await second.information, 2, "second")
        }
    }

    /// Draws a request and puts it back; returns its bytes.
    private static func drawAndRequeue(_ queue: RequestQueue) -> [UInt8]? {
        guard let request = queue.next() else { return nil }
        precondition(queue.ownedCount == 1)
        return requeue(request)
    }

    private static func requeue(_ request: consuming Request) -> [UInt8] {
        let input = request.input.copy()
        request.requeue()
        return input
    }

    @Test("Q-4: a request for which there is no handler, or no queue, is an invalid request")
    func noHandler() throws {
        try onBench(Self.script(.sequential)) { bench in
            let (_, _, file) = try await bench.open()
            try same(await code { try await file.read(upTo: 8) }, .invalidRequest, "read")
            try same(await code { try await file.control(99) }, .invalidRequest, "control")
        }
        try onBench { bench in
            let (_, _, file) = try await bench.open()
            try same(await code { try await file.write([1]) }, .invalidRequest, "no queue at all")
        }
    }

    @Test(
        "Q-3, Q-4, R-1: each kind goes to its own queue; `other` takes what has no handler"
    )
    func routes() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(
                    .sequential, for: driver,
                    write: { driver, request in
                        driver.notes.append("write")
                        request.complete()
                    },
                    other: { driver, request in
                        driver.notes.append(
                            request.kind == .read ? "other: read" : "other: control")
                        request.complete()
                    })
            }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            try await file.write([1])
            _ = try await file.read(upTo: 1)
            try await file.control(5)
            try same(
                Array(try await bench.driver.notes.dropFirst()),
                ["write", "other: read", "other: control"], "handlers")
        }
    }

    @Test("Q-3, VF-37: two queues for one kind trap, and so does a queue without handlers (Q-1)")
    func contradictions() async {
        await #expect(processExitsWith: .failure) {
            let script = Script([
                .deviceAdd: { driver in
                    driver.device.queue(.sequential, for: driver, read: { $1.complete() })
                    driver.device.queue(
                        .sequential, for: driver, read: { $1.complete() },
                        other: { $1.complete() })
                }
            ])
            try onBench(seeds: 0..<1, script) { bench in
                _ = try await bench.plug()
                await bench.settle()
            }
        }
        await #expect(processExitsWith: .failure) {
            let script = Script([.deviceAdd: { $0.device.queue(.sequential, for: $0) }])
            try onBench(seeds: 0..<1, script) { bench in
                _ = try await bench.plug()
                await bench.settle()
            }
        }
    }

    @Test("Q-5: zero-length reads and writes succeed without troubling the driver")
    func zeroLength() throws {
        try onBench(Self.script(.sequential)) { bench in
            let (_, _, file) = try await bench.open()
            try same(try await file.write([]), 0, "write")
            try same(await bench.driver.received, [], "delivered")
        }
    }

    @Test(
        "Q-6, SEED-4: requests are delivered only in D0, unless a queue is not power-managed"
    )
    func onlyInD0() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(
                    .parallel(limit: 4), for: driver,
                    write: { driver, request in
                        driver.notes.append("write")
                        request.complete()
                    })
                driver.device.queue(
                    .parallel(limit: 4), isPowerManaged: false, for: driver,
                    deviceControl: { driver, request in
                        driver.notes.append("control")
                        request.complete()
                    })
            },
            .exitD0: { driver in
                await driver.valve.pass()
                driver.notes.append("exited")
            },
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let device = try bench.device
            device.post(PnPMachine.Event.remove)
            await bench.journal.wait(for: .began(.exitD0))
            async let write = code { try await file.write([1]) }
            await bench.settle()
            try await file.control(1)
            bench.valve.open()
            try same(await write, .removed, "the write")
            await file.close()
            await bench.journal.wait(for: .disposed)
            try same(
                await Array(driver.notes.dropFirst()),
                ["exitD0(to: d3Final)", "control", "exited"],
                "deliveries")
        }
    }

    @Test("Q-18: many completions, in handlers and one after another, do not recurse")
    func noRecursion() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.queues = [driver.device.queue(.manual)]
                driver.device.queue(
                    .sequential, for: driver, write: { $1.complete(1) },
                    deviceControl: { $1.forward(to: $0.queues[0]) })
            }
        ])
        try onBench(seeds: 0..<1, script) { bench in
            let (_, _, file) = try await bench.open()
            let queue = try await bench.driver.queues[0]
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<300 {
                    group.addTask(executorPreference: bench.executor) {
                        _ = try? await file.control(1)
                    }
                }
                group.addTask(executorPreference: bench.executor) {
                    await bench.settle()
                    while let request = queue.next() { request.complete() }
                }
            }
            for _ in 0..<1000 { try await file.write([1]) }
        }
    }

    @Test("Q-7, Q-8: a removal ends what waits, and takes nothing more")
    func purge() throws {
        try onBench(seeds: 0..<32, Self.script(.sequential)) { bench in
            let (plug, _, file) = try await bench.open()
            let scope = bench.simulation.scope(named: "clients")
            let codes = LoopConfined<[DeviceError.Code]>(on: bench.simulation.loop, [])
            for number in 0..<6 as Range<UInt8> {
                scope.task {
                    let code = await code {
                        if number % 2 == 0 { return try await file.write([number]) }
                        return try await file.control(Self.forward).information
                    }
                    codes.value.append(code ?? .failed)
                }
            }
            await bench.clock.wait(for: .milliseconds(3))
            if bench.simulation.seed % 2 == 0 {
                await plug.unplug()
                await bench.journal.wait(for: .queuesPurged)
            } else {
                let device = try bench.device
                try await device.remove()
            }
            await bench.settle()
            try same(codes.value.count, 6, "replies")
            // The write that the driver owns completes; the others never reach it, or wait with it.
            // What the driver owns completes or is cancelled.
            try check(
                codes.value.filter { $0 == .removed || $0 == .cancelled }.count >= 5,
                "\(codes.value)")
            try check(await code { try await file.write([1]) } != nil, "a write afterwards")
            await file.close()
        }
    }
}

extension ScriptedDriver {
    fileprivate func write(_ request: consuming Request) async {
        let input = request.input.copy()
        received.append(input)
        owned += 1
        mostAtOnce = max(mostAtOnce, owned)
        await device.clock.wait(for: .milliseconds(10))
        owned -= 1
        request.complete(input.count)
        // Nothing is delivered late because a handler returns late.
        await device.clock.wait(for: .seconds(5))
    }

    fileprivate func control(_ request: consuming Request) async {
        switch request.code {
        case 1:
            request.forward(to: queues[0])
            await device.clock.wait(for: .seconds(1000))
        case 3:
            while let waiter = queues[0].next() { waiter.complete(7) }
            request.complete()
        default: request.fail(.invalidRequest)
        }
    }
}
