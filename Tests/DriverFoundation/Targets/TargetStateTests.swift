import Testing

@testable import DriverFoundation

/// What an I/O target does with requests in each of its states.
@Suite struct TargetStateTests {
    @Test(
        "T-1, T-11, DEV-24: a device's target on itself is started with it, and reaches its queues")
    func selfTarget() throws {
        try onBench(seeds: 0..<4, Below.script) { bench in
            let (target, queue) = try await bench.below()
            try same(target.state, .started, "state")
            try check(try bench.device.selfTarget === target, "there are two")
            let write = bench.write(1, to: target)
            await bench.settle()
            try queue.answerNext { request in
                try check(request.file == nil, "a driver's request came through a file")
                try same(bytes(of: request), [1], "bytes")
                request.complete(1)
            }
            try same(try await write.value.get(), 1, "written")
        }
    }

    @Test("T-1, VF-40: a target that its device owns can be neither closed nor deleted")
    func notClosable() async {
        let results = [
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                try onBench(seeds: 0..<1, Below.script) { try await $0.below().target.close() }
            },
            await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
                try onBench(seeds: 0..<1, Below.script) { try await $0.below().target.delete() }
            },
        ]
        for result in results {
            let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
            #expect(text.contains("T-1:"))
        }
    }

    @Test("T-3: a stopped target keeps what comes, and sends it in order when it is started")
    func stopped() throws {
        try onBench(Below.script) { bench in
            let (target, queue) = try await bench.below()
            await target.stop(.waitForSentIO)
            var writes: [Task<Result<Int, DeviceError>, Never>] = []
            for number in 0..<5 as Range<UInt8> {
                writes.append(bench.write(number, to: target))
                await bench.settle()
            }
            try same(queue.count, 0, "arrived while stopped")
            try same(target.pendedCount, 5, "pended")
            try await target.start()
            await bench.settle()
            try same(target.sentCount, 5, "sent")
            for number in 0..<5 as Range<UInt8> {
                try same(try queue.completeNext(), [number], "order")
            }
            for write in writes { try same(try await write.value.get(), 1, "written") }
            try same(target.sentCount, 0, "sent")
        }
    }

    @Test("T-3: a request may ignore that its target is stopped or purged, not that it is closed")
    func ignored() throws {
        try onBench(seeds: 0..<4, Below.script) { bench in
            let (target, queue) = try await bench.below()
            let ignoring = SendOptions(ignoresTargetState: true)
            await target.stop(.waitForSentIO)
            let first = bench.write(1, to: target, ignoring)
            await bench.settle()
            try same(try queue.completeNext(), [1], "stopped")
            await target.purge()
            let second = bench.write(2, to: target, ignoring)
            await bench.settle()
            try same(try queue.completeNext(), [2], "purged")
            _ = await (first.value, second.value)
            let closed = try bench.device.remoteTarget()
            try same(
                await bench.write(3, to: closed, ignoring).value.code, .invalidDeviceState,
                "closed")
        }
    }

    @Test("T-3: purged, closed and deleted targets refuse, and nothing but a purged one starts")
    func refusing() throws {
        try onBench(seeds: 0..<4, Below.script) { bench in
            let (target, queue) = try await bench.below()
            await target.purge()
            try same(await bench.write(1, to: target).value.code, .invalidDeviceState, "purged")
            try await target.start()
            let write = bench.write(1, to: target)
            await bench.settle()
            _ = try queue.completeNext()
            try same(try await write.value.get(), 1, "started again")

            let remote = try bench.device.remoteTarget()
            for state in [IOTarget.State.closed, .closedForQueryRemove, .deleted] {
                if state == .closedForQueryRemove { await remote.closeForQueryRemove() }
                if state == .deleted { await remote.delete() }
                try same(
                    await bench.write(1, to: remote).value.code, .invalidDeviceState, "\(state)")
                try same(await code { try await remote.start() }, .invalidDeviceState, "\(state)")
                await remote.stop(.waitForSentIO)
                await remote.purge()
                try check(remote.state != .stopped && remote.state != .purged, "\(state) left")
            }
        }
    }

    @Test("T-4: cancelSentIO cancels what was sent, and waits for its end")
    func cancelSentIO() throws {
        try onBench(SlowEnd.script) { bench in
            let (target, _) = try await bench.below()
            let write = bench.write(1, to: target)
            await bench.settle()
            let start = bench.clock.now
            await target.stop(.cancelSentIO)
            try same(start.duration(to: bench.clock.now), SlowEnd.time, "time")
            try same(target.sentCount, 0, "sent")
            try same(await write.value.code, .cancelled, "write")
        }
    }

    @Test("T-4: waitForSentIO waits for what was sent, and keeps what comes meanwhile")
    func waitForSentIO() throws {
        try onBench(Below.script) { bench in
            let (target, queue) = try await bench.below()
            let first = bench.write(1, to: target)
            await bench.settle()
            let stop = bench.client { await target.stop(.waitForSentIO) }
            await bench.settle()
            let second = bench.write(2, to: target)
            await bench.settle()
            try same([target.sentCount, target.pendedCount], [1, 1], "counts")
            try same(try queue.completeNext(), [1], "bytes")
            _ = await stop.value
            try same(try await first.value.get(), 1, "first")
            try await target.start()
            await bench.settle()
            try same(try queue.completeNext(), [2], "bytes")
            try same(try await second.value.get(), 1, "second")
        }
    }

    @Test("T-4: leaveSentIOPending returns at once, and what was sent goes on")
    func leaveSentIO() throws {
        try onBench(Below.script) { bench in
            let (target, queue) = try await bench.below()
            let write = bench.write(1, to: target)
            await bench.settle()
            await target.stop(.leaveSentIOPending)
            try same([target.sentCount, queue.count], [1, 1], "counts")
            _ = try queue.completeNext()
            try same(try await write.value.get(), 1, "written")
            try same(target.state, .stopped, "state")
        }
    }

    @Test("T-4: a start waits for the end of a stop that is under way")
    func startAwaitsStop() throws {
        try onBench(Below.script) { bench in
            let (target, queue) = try await bench.below()
            let write = bench.write(1, to: target)
            await bench.settle()
            let stop = bench.client { await target.stop(.waitForSentIO) }
            await bench.settle()
            let start = bench.client { try await target.start() }
            await bench.settle()
            try same(target.state, .stopped, "before")
            _ = try queue.completeNext()
            _ = await (write.value, stop.value)
            _ = try await start.value.get()
            try same(target.state, .started, "after")
            try check(bench.counted(.startAwaitsStop) > 0, "it has not waited")
        }
    }

    @Test("T-5: a purge refuses what was kept, cancels what was sent, and may wait for that")
    func purge() throws {
        try onBench(SlowEnd.script) { bench in
            let (target, sent, pended) = try await bench.stoppedTarget()
            let start = bench.clock.now
            await target.purge(waiting: false)
            try same(await pended.value.code, .invalidDeviceState, "pended")
            try same(target.sentCount, 1, "sent")
            await target.purge()
            try same(start.duration(to: bench.clock.now), SlowEnd.time, "time")
            try same(await sent.value.code, .cancelled, "sent")
        }
    }

    @Test("T-7: removal deletes a target: sent requests are cancelled, pended ones were not sent")
    func deletion() throws {
        try onBench(Below.script) { bench in
            let (target, sent, pended) = try await bench.stoppedTarget()
            let ignoring = bench.write(3, to: target, SendOptions(ignoresTargetState: true))
            await bench.settle()
            let device = try bench.device
            try await device.remove()
            try same(target.state, .deleted, "state")
            try same(await pended.value.code, .removedNotSent, "pended")
            for write in [sent, ignoring] {
                let code = await write.value.code
                try check(code == .cancelled || code == .removed, "sent: \(code as Any)")
            }
            try same(await bench.write(4, to: target).value.code, .invalidDeviceState, "late")
            try same(device.selfTarget.state, .deleted, "one that is made late")
        }
    }

    @Test("T-13: every sent request is counted until it has ended")
    func counts() throws {
        try onBench(Below.script) { bench in
            let (target, queue) = try await bench.below()
            let writes = (0..<8 as Range<UInt8>).map { bench.write($0, to: target) }
            await bench.settle()
            for left in (0..<8).reversed() {
                _ = try queue.completeNext()
                await bench.settle()
                try same(target.sentCount, left, "sent")
            }
            for write in writes { _ = await write.value }
        }
    }
}

/// A driver whose requests take a while to end after they were cancelled.
enum SlowEnd {
    static let time = Duration.seconds(3)
    static let script = Script([
        .deviceAdd: { driver in
            driver.queues = [driver.device.queue(.manual)]
            driver.device.queue(
                .parallel(limit: 100), for: driver,
                other: { driver, request in
                    await driver.device.wait(for: .seconds(900), request: request)
                    await driver.device.clock.wait(for: time)
                    request.fail(.cancelled)
                })
        }
    ])
}
