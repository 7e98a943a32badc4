import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// What a driver may do to its queues: Q-7, 8, 9, 17, 25.
@Suite struct QueueControlTests {
    /// A driver that keeps what it is given by two queues, the second a manual one.
    private static func script(_ dispatch: QueueDispatch = .parallel(limit: 2)) -> Script {
        Script([
            .deviceAdd: { driver in
                driver.queues = [
                    driver.device.queue(dispatch, for: driver, write: { $0.keep($1) }),
                    driver.device.queue(.manual),
                ]
            }
        ])
    }

    @Test("Q-7, Q-9: stop hands out nothing more, takes everything in, and waits for what is out")
    func stop() throws {
        try onBench(Self.script()) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let queue = try await bench.queues[0]
            var writes: [Task<Result<Int, DeviceError>, Never>] = []
            for number in 0..<3 as Range<UInt8> {
                writes.append(await bench.write([number], to: file))
            }
            let stopping = bench.client { await queue.stop() }
            await bench.settle()
            try same(queue.status.isStopped, false, "stopped with two owned")
            try same(queue.status.owned, 2, "owned")
            writes.append(await bench.write([3], to: file))
            await driver.releaseAll()
            _ = await stopping.value
            try same(
                queue.status,
                QueueStatus(
                    isAccepting: true, isDispatching: false, isHeld: false, isShutDown: false,
                    waiting: 2, owned: 0), "status")
            try check(queue.status.isStopped && !queue.status.isHandingOut, "stopped")
            await bench.settle()
            try same(await driver.received.count, 2, "delivered")
            queue.start()
            await bench.settle()
            try check(queue.status.isReady, "ready")
            try same(await driver.received, [[0], [1], [2], [3]], "delivered after the start")
            await driver.releaseAll()
            for write in writes { try same(await write.value.code, nil, "a write") }
            try check(queue.status.isEmpty, "empty")
        }
    }

    @Test("Q-7, Q-8: a drained queue refuses what comes and finishes what it has")
    func drain() throws {
        try onBench(Self.script(.sequential)) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let queue = try await bench.queues[0]
            let first = await bench.write([1], to: file)
            let second = await bench.write([2], to: file)
            let draining = bench.client { await queue.drain() }
            await bench.settle()
            try same(await code { try await file.write([3]) }, .invalidDeviceState, "refused")
            await driver.release()
            await bench.settle()
            try same(queue.status.isDrained, false, "drained too early")
            try same(await driver.received, [[1], [2]], "delivered")
            await driver.release()
            _ = await draining.value
            try check(queue.status.isDrained, "drained")
            try same(await first.value.code, nil, "first")
            try same(await second.value.code, nil, "second")
            try same(await code { try await file.write([4]) }, .invalidDeviceState, "afterwards")
            queue.start()
            let third = await bench.write([5], to: file)
            await driver.releaseAll()
            try same(await third.value.code, nil, "third")
        }
    }

    /// A purge of a queue of which the driver owns one request, while another waits in it.
    private struct Purge {
        let file: DeviceFile
        let driver: ScriptedDriver
        let queue: RequestQueue
        let owned: Task<Result<Int, DeviceError>, Never>
        let purging: Task<Result<Void, DeviceError>, Never>

        /// Begins it, and sees that what waited was cancelled.
        init(
            _ bench: Bench, _ purge: @escaping @Sendable (RequestQueue) async -> Void
        ) async throws {
            file = try await bench.open().file
            driver = try bench.driver
            let queue = try await bench.queues[0]
            self.queue = queue
            owned = await bench.write([1], to: file)
            let waiting = await bench.write([2], to: file)
            purging = bench.client { await purge(queue) }
            try same(await waiting.value.code, .cancelled, "what waited")
        }
    }

    @Test("Q-7: a purge cancels what waits and what the driver owns, and waits for the driver")
    func purge() throws {
        try onBench(Self.script(.sequential)) { bench in
            let all = try await Purge(bench) { await $0.purge() }
            let (file, driver, queue) = (all.file, all.driver, all.queue)
            try same(queue.status.owned, 1, "owned")
            try same(queue.status.isAccepting, false, "accepting")
            await driver.release { $0.end() }
            _ = await all.purging.value
            try same(await all.owned.value.code, .cancelled, "what the driver owned")
            try same(await code { try await file.write([3]) }, .invalidDeviceState, "refused")
            queue.start()
            let next = await bench.write([4], to: file)
            await driver.release()
            try same(await next.value.code, nil, "after the start")
        }
    }

    @Test("Q-7: stopAndPurge empties the queue, and what comes then waits for its start")
    func stopAndPurge() throws {
        try onBench(Self.script(.sequential)) { bench in
            let all = try await Purge(bench) { await $0.stopAndPurge() }
            let (file, driver, queue) = (all.file, all.driver, all.queue)
            let kept = await bench.write([3], to: file)
            try same(queue.count, 1, "accepted meanwhile")
            await driver.release { $0.fail(.cancelled) }
            _ = await all.purging.value
            try same(await all.owned.value.code, .cancelled, "what the driver owned")
            try check(queue.status.isStopped, "stopped")
            queue.start()
            await bench.settle()
            await driver.release()
            try same(await kept.value.code, nil, "what came meanwhile")
        }
    }

    @Test("Q-8, VF-38: a removal shuts queues down: start does not open them again")
    func shutdown() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.queues = [
                    driver.device.queue(
                        .sequential, isPowerManaged: false, for: driver, write: { $0.keep($1) })
                ]
            },
            .releaseHardware: { driver in
                driver.queues[0].start()
            },
        ])
        try onBench(script) { bench in
            let (plug, _, file) = try await bench.open()
            let queue = try await bench.queues[0]
            await plug.unplug()
            await bench.journal.wait(for: .queuesPurged)
            try check(queue.status.isShutDown && !queue.status.isAccepting, "shut down")
            queue.start()
            try same(queue.status.isAccepting, false, "after a start")
            try same(await code { try await file.write([1]) }, .removed, "a write")
            await file.close()
        }
    }

    @Test("Q-8, Q-11: forwarding to a queue that refuses fails the request; an offer gives it back")
    func refusedForward() throws {
        try onBench(Self.script()) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let queues = try await bench.queues
            await queues[1].purge()
            let first = await bench.write([1], to: file)
            let second = await bench.write([2], to: file)
            await driver.release { $0.forward(to: queues[1]) }
            try same(await first.value.code, .invalidDeviceState, "forwarded")
            await driver.release { request in
                if let back = request.offer(to: queues[1]) { back.complete(1) }
            }
            try same(try await second.value.get(), 1, "offered")
            queues[1].start()
            let third = await bench.write([3], to: file)
            await driver.release { request in
                if let back = request.offer(to: queues[1]) { back.fail(.invalidRequest) }
            }
            try same(queues[1].count, 1, "taken")
            queues[1].next()?.complete(1)
            try same(try await third.value.get(), 1, "the third")
        }
    }

    @Test("Q-7: a queue that is stopped while a request is on its way to a handler takes it back")
    func takenBack() throws {
        try onBench(seeds: 0..<64, Self.script(.sequential)) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let queue = try await bench.queues[0]
            let write = bench.client { try await file.write([1]) }
            let stopping = bench.client { await queue.stop() }
            await bench.settle()
            try check(await driver.received.count == queue.ownedCount, "delivered and owned")
            await driver.releaseAll()
            _ = await stopping.value
            queue.start()
            await bench.settle()
            await driver.releaseAll()
            try same(await write.value.code, nil, "the write")
            try same(await driver.received, [[1]], "delivered once")
        }
    }

    @Test("Q-7, VF-35: waiting calls trap in the queue's own handlers, naming rule and remedy")
    func ownHandler() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            let script = Script.writing { driver, request in
                request.complete()
                await driver.queues[0].stop()
            }
            try onBench(seeds: 0..<1, script) { try await $0.open().file.write([1]) }
        }
        #expect(result.said.contains("Q-7"))
        #expect(result.said.contains("device.task"))
    }

    @Test("Q-7: another task of the driver may stop the queue whose handler it outlives")
    func otherTask() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.queues = [
                    driver.device.queue(
                        .sequential, for: driver,
                        write: { driver, request in
                            let queue = driver.queues[0]
                            driver.device.task { await queue.stop() }
                            await driver.device.clock.wait(for: .milliseconds(1))
                            request.complete()
                        })
                ]
            }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            try await file.write([1])
            await bench.settle()
            let queue = try await bench.queues[0]
            try check(queue.status.isStopped, "stopped")
        }
    }

    @Test("Q-7: a second change of a queue's state while one waits traps")
    func onePending() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            try onBench(seeds: 0..<1, Self.script()) { bench in
                let (_, _, file) = try await bench.open()
                let queue = try await bench.queues[0]
                _ = await bench.write([1], to: file)
                _ = bench.client { await queue.stop() }
                await bench.settle()
                await queue.drain()
            }
        }
        #expect(result.said.contains("Q-7"))
    }

    @Test("Q-7: a removal ends what the driver waits for")
    func removalEndsDrain() throws {
        try onBench(Self.script(.sequential)) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let queue = try await bench.queues[0]
            let owned = await bench.write([1], to: file)
            let waiting = await bench.write([2], to: file)
            let draining = bench.client { await queue.drain() }
            await bench.settle()
            let device = try bench.device
            let removal = bench.client { try await device.remove() }
            await bench.settle()
            await driver.releaseAll { $0.fail(.cancelled) }
            _ = await draining.value
            try same(await owned.value.code, .removed, "what the driver owned")
            try same(await waiting.value.code, .removed, "what waited")
            try same(await removal.value.code, nil, "the removal")
        }
    }

    @Test("Q-25: a deleted queue cancels what waits, and goes when the driver owns none of it")
    func delete() throws {
        try onBench(Self.script()) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let device = try bench.device
            let extra = device.queue(.manual)
            let first = await bench.write([1], to: file)
            let second = await bench.write([2], to: file)
            await driver.releaseAll { $0.forward(to: extra) }
            await driver.keepNext(of: extra)
            let deleting = bench.client { await extra.delete() }
            try same(await second.value.code, .cancelled, "what waited")
            try same(device.state.value.queues.count, 3, "queues while one is owned")
            await driver.release()
            _ = await deleting.value
            try same(await first.value.code, nil, "what the driver owned")
            try same(device.state.value.queues.count, 2, "queues")
            try check(extra.status.isShutDown, "shut down")
            extra.start()
            try same(extra.status.isAccepting, false, "after a start")
        }
    }

    @Test("Q-2, Q-25, VF-36: a queue to which requests lead cannot be deleted")
    func deleteBound() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            try onBench(seeds: 0..<1, Self.script()) { bench in
                _ = try await bench.open()
                let queue = try await bench.queues[0]
                await queue.delete()
            }
        }
        #expect(result.said.contains("Q-2"))
    }

    @Test("Q-25: forwarding to a deleted queue traps")
    func forwardToDeleted() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            try onBench(seeds: 0..<1, Self.script()) { bench in
                let (_, _, file) = try await bench.open()
                let queues = try await bench.queues
                await queues[1].delete()
                _ = await bench.write([1], to: file)
                try await bench.driver.release { $0.forward(to: queues[1]) }
            }
        }
        #expect(result.said.contains("Q-25"))
    }

    @Test("Q-17: a stopped queue keeps its order, and what is requeued to it stands first")
    func order() throws {
        try onBench(Self.script(.sequential)) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let queue = try await bench.queues[0]
            var writes: [Task<Result<Int, DeviceError>, Never>] = []
            for number in 0..<3 as Range<UInt8> {
                writes.append(await bench.write([number], to: file))
            }
            let stopping = bench.client { await queue.stop() }
            await bench.settle()
            await driver.release { $0.requeue() }
            _ = await stopping.value
            queue.start()
            for _ in 0..<3 {
                await bench.settle()
                await driver.release()
            }
            for write in writes { try same(await write.value.code, nil, "a write") }
            try same(await driver.received, [[0], [0], [1], [2]], "delivered")
        }
    }
}

extension ScriptedDriver {
    /// Draws the next request of a manual queue and keeps it.
    func keepNext(of queue: RequestQueue) {
        if let request = queue.next() { keep(request) }
    }
}
