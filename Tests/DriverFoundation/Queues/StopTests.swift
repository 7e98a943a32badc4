import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// What a driver is asked and told when its device leaves D0 and returns.
@Suite struct StopTests {
    /// A driver that keeps what it gets, and answers stops with what its notes' last word says.
    private static func script(
        _ answer: StopAnswer, _ dispatch: QueueDispatch = .parallel(limit: 4)
    ) -> Script {
        Script([
            .deviceAdd: { driver in
                driver.queues = [
                    driver.device.queue(
                        dispatch, for: driver, write: { $0.keep($1) },
                        stop: { driver, request, reason in
                            driver.notes.append("stop \(request.input) \(reason)")
                            return answer
                        },
                        resume: { driver, request in
                            driver.notes.append("resume \(request.input)")
                        })
                ]
                driver.notes = []
            }
        ])
    }

    private static func log(_ bench: Bench) async throws -> [String] {
        try await bench.driver.notes.filter { !$0.contains("D0") }
    }

    @Test("Q-14, Q-15, R-16: what is acknowledged stays through Dx, and is told of once afterwards")
    func acknowledge() throws {
        try onBench(Self.script(.acknowledge)) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let queue = try await bench.queues[0]
            let first = await bench.write([1], to: file)
            let second = await bench.write([2], to: file)
            try await bench.suspend()
            try same(queue.ownedCount, 2, "owned in Dx")
            let third = await bench.write([3], to: file)
            // One of them may end in Dx.
            await driver.release()
            try same(await first.value.code, nil, "the first")
            try bench.resume()
            await bench.settle()
            try same(
                await Self.log(bench), ["stop [1] suspend", "stop [2] suspend", "resume [2]"],
                "told")
            try same(await driver.received, [[1], [2], [3]], "delivered")
            try await bench.suspend()
            try bench.resume()
            await bench.settle()
            try same(
                await Self.log(bench).suffix(4),
                ["stop [2] suspend", "stop [3] suspend", "resume [2]", "resume [3]"], "told again")
            await driver.releaseAll()
            try same(await second.value.code, nil, "the second")
            try same(await third.value.code, nil, "the third")
        }
    }

    @Test("Q-14: without a stop handler the device waits for the driver, and cancels nothing")
    func noHandler() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.queues = [
                    driver.device.queue(.sequential, for: driver, write: { $0.keep($1) })
                ]
            }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let write = await bench.write([1], to: file)
            let suspending = bench.client { try await bench.suspend() }
            await bench.clock.wait(for: .seconds(25))
            try same(bench.journal.errors.count, 2, "reports")
            for part in ["Q-14", "request 1", "write", "queue 1", "for 20.0"] {
                let last = bench.journal.errors.last ?? ""
                try check(last.contains(part), "\(part) is not in: \(last)")
            }
            await driver.release { $0.end() }
            _ = await suspending.value
            try same(try await write.value.get(), 1, "the write")
            try bench.resume()
        }
    }

    @Test("Q-14, R-16: a request left to the driver may be requeued: it comes again, first of all")
    func requeue() throws {
        try onBench(Self.script(.leave, .sequential)) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let queue = try await bench.queues[0]
            let first = await bench.write([1], to: file)
            let second = await bench.write([2], to: file)
            let suspending = bench.client { try await bench.suspend() }
            await bench.settle()
            try same(queue.ownedCount, 1, "waited for")
            await driver.release { $0.requeue() }
            _ = await suspending.value
            try same(queue.count, 2, "waiting in Dx")
            try bench.resume()
            await bench.settle()
            try same(await Self.log(bench), ["stop [1] suspend"], "told")
            try same(await driver.received, [[1], [1]], "delivered")
            await driver.release()
            await bench.settle()
            await driver.release()
            try same(await first.value.code, nil, "the first")
            try same(await second.value.code, nil, "the second")
        }
    }

    @Test("R-16: a request left to the driver may be acknowledged later")
    func acknowledgeLater() throws {
        try onBench(Self.script(.leave)) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let write = await bench.write([1], to: file)
            let suspending = bench.client { try await bench.suspend() }
            await bench.settle()
            await driver.acknowledgeStops()
            _ = await suspending.value
            try bench.resume()
            await bench.settle()
            try same(await Self.log(bench), ["stop [1] suspend", "resume [1]"], "told")
            await driver.release { $0.end() }
            try same(try await write.value.get(), 1, "the write")
        }
    }

    @Test("Q-14: an interrupted request's transfer ends, though its client has not given up")
    func interrupt() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.queues = [
                    driver.device.queue(
                        .sequential, for: driver,
                        read: { driver, request in
                            guard let input = driver.input else { return request.fail(.removed) }
                            do throws(DeviceError) {
                                let bytes = try await input.read(upTo: 64, for: request)
                                request.complete(withPrefixOf: bytes)
                            } catch {
                                driver.notes.append("\(error.code) \(request.isCancelled)")
                                request.requeue()
                            }
                        },
                        stop: { _, _, reason in reason == .suspend ? .interrupt : .leave })
                ]
            },
            .prepareHardware: { driver throws(DeviceError) in
                driver.input = try await driver.device.pipe(0x82)
            },
        ])
        try onBench(script) { bench in
            let (_, gadget, file) = try await bench.open()
            let read = bench.client { try await file.read(upTo: 8) }
            await bench.settle()
            try await bench.suspend()
            try same(await bench.driver.notes.last, "cancelled false", "what the driver saw")
            try bench.resume()
            await gadget.send([1, 2, 3])
            try same(try await read.value.get(), [1, 2, 3], "the read")
        }
    }

    @Test("Q-14: at removal the driver is told as well, once, and acknowledging does not end it")
    func removal() throws {
        try onBench(Self.script(.acknowledge)) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let write = await bench.write([1], to: file)
            let device = try bench.device
            let removal = bench.client { try await device.remove() }
            await bench.journal.wait(for: .began(.exitD0))
            await bench.journal.wait(for: .returned(.releaseHardware))
            await bench.settle()
            try check(!bench.journal.has(.queuesPurged), "purged with a request owned")
            try same(await Self.log(bench), ["stop [1] removal"], "told")
            await driver.release { $0.end() }
            try same(await write.value.code, .removed, "the write")
            try same(await removal.value.code, nil, "the removal")
        }
    }

    @Test("Q-14: a device that goes while it is out of D0 asks again about what was kept")
    func removalInDx() throws {
        try onBench(Self.script(.acknowledge)) { bench in
            let (plug, _, file) = try await bench.open()
            let driver = try bench.driver
            let write = await bench.write([1], to: file)
            try await bench.suspend()
            await plug.unplug()
            await bench.settle()
            await driver.release { $0.fail(.cancelled) }
            try same(await write.value.code, .removed, "the write")
            await bench.journal.wait(for: .queuesPurged)
            try same(await Self.log(bench), ["stop [1] suspend", "stop [1] removal"], "told")
            await file.close()
        }
    }

    @Test("PNP-6, R-7: what a removal ends is removed, and what its client gave up is cancelled")
    func reasons() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.queues = [driver.device.queue(.manual)]
                driver.device.queue(
                    .parallel(limit: 8), for: driver,
                    write: { driver, request in
                        await driver.device.wait(for: .seconds(900), request: request)
                        request.fail(.cancelled)
                    },
                    deviceControl: { $1.forward(to: $0.queues[0]) })
            }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            let given = bench.client { try await file.write([1]) }
            let owned = bench.client { try await file.write([2]) }
            let queued = bench.client { try await file.control(1).information }
            await bench.settle()
            given.cancel()
            try same(await given.value.code, .cancelled, "given up")
            let device = try bench.device
            try await device.remove()
            try same(await owned.value.code, .removed, "owned at the removal")
            try same(await queued.value.code, .removed, "queued at the removal")
        }
    }

    @Test("R-16, VF-26: acknowledging a request whose queue is not being stopped traps")
    func acknowledgeOutside() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            let script = Script([
                .deviceAdd: { driver in
                    driver.device.queue(
                        .sequential, for: driver,
                        write: { _, request in
                            request.acknowledgeStop()
                            request.complete()
                        })
                }
            ])
            try onBench(seeds: 0..<1, script) { try await $0.open().file.write([1]) }
        }
        #expect(result.said.contains("R-16"))
    }

    @Test("Q-12, VF-25: requeuing to a queue that would deliver it again at once traps")
    func requeueOutside() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            let script = Script([
                .deviceAdd: { driver in
                    driver.device.queue(.sequential, for: driver, write: { $1.requeue() })
                }
            ])
            try onBench(seeds: 0..<1, script) { try await $0.open().file.write([1]) }
        }
        #expect(result.said.contains("Q-12"))
    }

    @Test("Q-17, Q-15: the driver is told of what it kept before new requests are delivered")
    func resumeFirst() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.queues = [
                    driver.device.queue(
                        .parallel(limit: 4), for: driver,
                        write: { driver, request in
                            driver.keep(request)
                            driver.notes.append("write \(driver.received.last ?? [])")
                        },
                        stop: { _, _, _ in .acknowledge },
                        resume: { driver, request in
                            await driver.device.clock.wait(for: .milliseconds(5))
                            driver.notes.append("resume \(request.input)")
                        })
                ]
            }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let first = await bench.write([1], to: file)
            try await bench.suspend()
            let second = await bench.write([2], to: file)
            try bench.resume()
            await bench.clock.wait(for: .milliseconds(10))
            try same(
                await Self.log(bench), ["write [1]", "resume [1]", "write [2]"], "order")
            await driver.releaseAll()
            _ = await first.value
            _ = await second.value
        }
    }
}
