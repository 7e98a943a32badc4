import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// What a driver does with manual queues: Q-10, 12, 13, 16, and requests that go there by
/// themselves.
@Suite struct ManualQueueTests {
    /// A manual queue that takes all writes, and one that takes control 7.
    private static let script = Script([
        .deviceAdd: { driver in
            driver.queues = [
                driver.device.queue(.manual, taking: [.write]),
                driver.device.queue(.manual, taking: [.deviceControl(7)]),
            ]
            driver.device.queue(
                .sequential, for: driver, deviceControl: { $1.complete(100) })
        }
    ])

    private static func input(_ request: consuming Request?) -> [UInt8]? {
        guard let request else { return nil }
        return bytes(request)
    }

    private static func bytes(_ request: consuming Request) -> [UInt8] {
        let input = request.input.copy()
        request.complete(input.count)
        return input
    }

    @Test("Q-3, Q-10: a manual queue takes kinds and control codes of requests by itself")
    func taking() throws {
        try onBench(Self.script) { bench in
            let (_, _, file) = try await bench.open()
            let queues = try await bench.queues
            let write = await bench.write([1], to: file)
            let control = bench.client { try await file.control(7).information }
            await bench.settle()
            try same(try await file.control(8).information, 100, "another code")
            try same(queues.map(\.count), [1, 1], "waiting")
            queues[1].next()?.complete(5)
            try same(try await control.value.get(), 5, "control")
            try same(Self.input(queues[0].next()), [1], "the write's bytes")
            try same(try await write.value.get(), 1, "write")
        }
    }

    @Test("Q-3, VF-37: two queues for one control code trap")
    func twice() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            let script = Script([
                .deviceAdd: { driver in
                    _ = driver.device.queue(.manual, taking: [.deviceControl(7)])
                    _ = driver.device.queue(.manual, taking: [.deviceControl(7)])
                }
            ])
            try onBench(seeds: 0..<1, script) { _ = try await $0.open() }
        }
        #expect(result.said.contains("Q-3"))
    }

    @Test("Q-1, VF-10: a manual queue with handlers for requests traps")
    func handlers() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            let script = Script([
                .deviceAdd: { $0.device.queue(.manual, for: $0, read: { $1.complete() }) }
            ])
            try onBench(seeds: 0..<1, script) { _ = try await $0.open() }
        }
        #expect(result.said.contains("Q-1"))
    }

    @Test("Q-10: a request can be found, and taken unless it has left the queue meanwhile")
    func find() throws {
        try onBench(Self.script) { bench in
            let (_, _, file) = try await bench.open()
            let queue = try await bench.queues[0]
            var writes: [Task<Result<Int, DeviceError>, Never>] = []
            for number in 0..<4 as Range<UInt8> {
                writes.append(await bench.write([number], to: file))
            }
            try check(queue.find { $0.input == [9] } == nil, "found what is not there")
            guard let second = queue.find(where: { $0.input[0] >= 2 }) else {
                throw Surprise("not found")
            }
            try same(second.input, [2], "the oldest of them")
            try same(queue.count, 4, "left in the queue")
            try same(Self.input(queue.take(second)), [2], "taken")
            try check(queue.take(second) == nil && second.hasEnded, "taken twice")
            guard let fourth = queue.find(where: { $0.input == [3] }) else {
                throw Surprise("not found")
            }
            writes[3].cancel()
            try same(await writes[3].value.code, .cancelled, "given up")
            try check(queue.take(fourth) == nil, "one that has vanished")
            try same(Self.input(queue.next { $0.input == [1] }), [1], "next(where:)")
            try same(Self.input(queue.next()), [0], "next")
            for number in 0..<3 { try same(await writes[number].value.code, nil, "a write") }
        }
    }

    @Test("Q-10, Q-20: a file's requests can be drawn alone, and go with it when it is closed")
    func byFile() throws {
        try onBench(Self.script) { bench in
            let (_, _, file) = try await bench.open()
            let other = try await bench.interfaces.open(.gadget)
            let queue = try await bench.queues[0]
            let first = await bench.write([1], to: file)
            let second = await bench.write([2], to: other)
            let third = await bench.write([3], to: other)
            let files = try bench.device.state.value.files
            try same(Self.input(queue.next(of: files[1])), [2], "the other file's")
            try same(await second.value.code, nil, "second")
            await other.close()
            try same(await third.value.code, .cancelled, "third")
            try same(queue.count, 1, "left")
            try check(queue.next(of: files[1]) == nil, "nothing is left of it")
            try same(Self.input(queue.next()), [1], "the first")
            try same(await first.value.code, nil, "first")
        }
    }

    @Test("Q-10: a stopped queue, or one that is out of D0, gives nothing, and says why")
    func paused() throws {
        try onBench(Self.script) { bench in
            let (_, _, file) = try await bench.open()
            let queue = try await bench.queues[0]
            let write = await bench.write([1], to: file)
            await queue.stop()
            try check(queue.next() == nil && !queue.status.isDispatching, "stopped")
            queue.start()
            try await bench.suspend()
            try check(queue.next() == nil && queue.status.isHeld, "held")
            try bench.resume()
            try same(Self.input(queue.next()), [1], "drawn")
            try check(queue.next() == nil && queue.status.isHandingOut, "empty")
            _ = await write.value
        }
    }

    @Test("Q-10, VF-33: drawing from a queue with handlers traps")
    func drawn() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            let script = Script([
                .deviceAdd: { driver in
                    let queue = driver.device.queue(
                        .parallel(limit: 1), for: driver, read: { $1.complete() })
                    _ = queue.next()
                }
            ])
            try onBench(seeds: 0..<1, script) { _ = try await $0.open() }
        }
        #expect(result.said.contains("Q-10"))
    }

    // MARK: Being told

    private static let ready = Script([
        .deviceAdd: { driver in
            driver.queues = [driver.device.queue(.manual, taking: [.write])]
            driver.queues[0].whenReady(for: driver) { driver, queue in
                driver.notes.append("ready \(queue.count)")
            }
        }
    ])

    private static func calls(_ bench: Bench) async throws -> [String] {
        try await bench.driver.notes.filter { $0.hasPrefix("ready") }
    }

    @Test("Q-13: the driver is told when the empty queue gets a request, not of each request")
    func readyOnce() throws {
        try onBench(Self.ready) { bench in
            let (_, _, file) = try await bench.open()
            let queue = try await bench.queues[0]
            var writes = [await bench.write([1], to: file)]
            try same(await Self.calls(bench), ["ready 1"], "the first")
            writes.append(await bench.write([2], to: file))
            try same(await Self.calls(bench).count, 1, "calls while it is not empty")
            while let request = queue.next() { request.complete() }
            writes.append(await bench.write([3], to: file))
            try same(await Self.calls(bench), ["ready 1", "ready 1"], "after it was drawn empty")
            queue.next()?.complete()
            for write in writes { try same(await write.value.code, nil, "a write") }
        }
    }

    @Test("Q-13: it is told again by a start and by D0, if requests wait then")
    func readyAgain() throws {
        try onBench(Self.ready) { bench in
            let (_, _, file) = try await bench.open()
            let queue = try await bench.queues[0]
            await queue.stop()
            let first = await bench.write([1], to: file)
            try same(await Self.calls(bench), [], "while it is stopped")
            queue.start()
            await bench.settle()
            try same(await Self.calls(bench), ["ready 1"], "after the start")
            queue.start()
            await bench.settle()
            try same(await Self.calls(bench).count, 1, "after a start that changed nothing")
            try await bench.suspend()
            let second = await bench.write([2], to: file)
            try bench.resume()
            await bench.settle()
            try same(await Self.calls(bench), ["ready 1", "ready 2"], "in D0 again")
            while let request = queue.next() { request.complete() }
            try await bench.suspend()
            try bench.resume()
            await bench.settle()
            try same(await Self.calls(bench).count, 2, "in D0 again, empty")
            _ = await (first.value, second.value)
        }
    }

    @Test("Q-13: one handler at a time; removed only while the queue is stopped")
    func register() throws {
        let script = Script([
            .deviceAdd: { $0.queues = [$0.device.queue(.manual, taking: [.write])] }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let queue = try await bench.queues[0]
            let first = await bench.write([1], to: file)
            await driver.beTold(by: queue, "ready")
            await bench.settle()
            try same(await Self.calls(bench), ["ready"], "told of what waited before")
            queue.next()?.complete()
            await queue.stop()
            queue.removeReadyHandler()
            queue.start()
            let second = await bench.write([2], to: file)
            try same(await Self.calls(bench), ["ready"], "after its removal")
            await driver.beTold(by: queue, "ready again")
            await bench.settle()
            try same(await Self.calls(bench), ["ready", "ready again"], "registered again")
            queue.next()?.complete()
            _ = await (first.value, second.value)
        }
    }

    @Test(
        "Q-13, VF-34: removing the ready handler of a running queue traps; so does a second one"
    )
    func misuse() async {
        let removed = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            try onBench(seeds: 0..<1, Self.ready) { bench in
                _ = try await bench.open()
                try await bench.queues[0].removeReadyHandler()
            }
        }
        #expect(removed.said.contains("Q-13"))
        let second = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            try onBench(seeds: 0..<1, Self.ready) { bench in
                _ = try await bench.open()
                try await bench.driver.beTold(by: bench.queues[0], "twice")
            }
        }
        #expect(second.said.contains("Q-13"))
    }

    // MARK: Cancelled on the queue

    @Test("Q-16: the driver ends what it has had before; what it never saw the framework ends")
    func canceledOnQueue() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.queues = [
                    driver.device.queue(
                        .manual, taking: [.deviceControl(7)], for: driver,
                        canceledOnQueue: { driver, request in
                            driver.notes.append("\(request.kind) \(request.isCancelled)")
                            request.fail(DeviceError(.busy, "the driver's own answer"))
                        })
                ]
                driver.device.queue(
                    .sequential, for: driver, write: { $1.forward(to: $0.queues[0]) })
                driver.notes = []
            }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            let queue = try await bench.queues[0]
            let seen = await bench.write([1], to: file)
            let unseen = bench.client { try await file.control(7).information }
            await bench.settle()
            try same(queue.count, 2, "waiting")
            seen.cancel()
            unseen.cancel()
            try same(await seen.value.code, .busy, "what the driver had had")
            try same(await unseen.value.code, .cancelled, "what it had not")
            // One that was drawn and put back counts as seen.
            let drawn = bench.client { try await file.control(7).information }
            await bench.settle()
            queue.next()?.requeue()
            let purging = bench.client { await queue.purge() }
            try same(await drawn.value.code, .busy, "what was requeued, purged")
            _ = await purging.value
            try same(
                await bench.driver.notes.filter { !$0.contains("D0") },
                ["write true", "\(RequestKind.deviceControl(7)) true"], "told")
        }
    }
}

extension ScriptedDriver {
    fileprivate func beTold(by queue: RequestQueue, _ text: String) {
        queue.whenReady(for: self) { driver, _ in driver.notes.append(text) }
    }
}
