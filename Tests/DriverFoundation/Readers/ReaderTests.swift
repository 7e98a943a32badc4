import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// The continuous reader: wdf.md §4.1 to §4.4, U-18.
@Suite struct ReaderTests {
    /// A reader of the bulk pipe that keeps what it gets, started in D0.
    private static func script(
        depth: Int = 3, size: Int = 512, recovery: ReaderRecovery = .restart,
        stopsInExit: Bool = true
    ) -> Script {
        Script([
            .prepareHardware: { driver throws(DeviceError) in
                driver.input = try await driver.device.pipe(0x82)
                driver.reader = try driver.input?.continuousReader(
                    for: driver, depth: depth, size: size,
                    failed: { driver, error in
                        driver.failures.append(error.code)
                        return recovery
                    }
                ) { driver, bytes in driver.received.append(bytes.copy()) }
            },
            .enterD0: { $0.reader?.start() },
            .exitD0: { if stopsInExit { await $0.reader?.stop() } },
        ])
    }

    @Test("§4.3: deliveries are complete and in order, at any depth, whatever their sizes")
    func order() throws {
        for depth in [1, 2, 5] {
            try onBench(seeds: 0..<12, Self.script(depth: depth)) { bench in
                let (_, gadget, _) = try await bench.open()
                var random = bench.simulation.random
                var sent: [[UInt8]] = []
                for number in 0..<60 as Range<UInt8> {
                    // Shorter than the reader's size, so that each is one delivery.
                    let message = [UInt8](repeating: number, count: random.next(below: 512))
                    sent.append(message)
                    await gadget.send(message)
                    if random.next(below: 4) == 0 { await bench.settle() }
                }
                await bench.settle()
                try same(await bench.driver.received, sent, "delivered")
                try same(await bench.driver.reader?.deliveries, 60, "count")
            }
        }
    }

    @Test("§4.3: a zero-length packet is delivered as no bytes")
    func zeroLength() throws {
        try onBench(Self.script()) { bench in
            let (_, gadget, _) = try await bench.open()
            await gadget.send([])
            await gadget.send([1])
            await bench.settle()
            try same(await bench.driver.received, [[], [1]], "delivered")
        }
    }

    @Test("§4.2: stop waits for what is in flight, no delivery comes after it, start reads on")
    func stopAndStart() throws {
        try onBench(seeds: 0..<32, Self.script()) { bench in
            let (_, gadget, _) = try await bench.open()
            let driver = try bench.driver
            guard let reader = await driver.reader else { throw Surprise("no reader") }
            let sender = bench.client { () -> Int in
                for number in 0..<40 as Range<UInt8> {
                    await gadget.send([number])
                    await bench.clock.wait(for: .microseconds(Int(number % 3)))
                }
                return 40
            }
            for round in 0..<6 {
                await bench.clock.wait(for: .microseconds(3 + round))
                await reader.stop()
                let count = await driver.received.count
                await bench.clock.wait(for: .microseconds(2))
                try same(await driver.received.count, count, "deliveries after stop")
                try check(!reader.isRunning, "it runs")
                reader.start()
                reader.start()
            }
            try same(try await sender.value.get(), 40, "sent")
            await bench.settle()
            try same(await driver.received, (0..<40).map { [$0] }, "nothing is lost by a stop")
        }
    }

    @Test("§4.4: a stall is recovered from: the halt is cleared, and reading goes on")
    func stall() throws {
        let faults = FaultPlan([FaultRule(0x82, transfer: 2, .stall)])
        try onBench(Self.script(depth: 1)) { bench in
            let (_, gadget, _) = try await bench.open(faults: faults)
            await gadget.send([1])
            await bench.clock.wait(for: .seconds(1))
            await gadget.send([2])
            await bench.settle()
            try same(await bench.driver.failures, [.stalled], "failures")
            try same(await bench.driver.received, [[1], [2]], "delivered")
        }
    }

    @Test("§4.4: a failed handler that answers stop leaves the reader stopped until a start")
    func failedStop() throws {
        let faults = FaultPlan([FaultRule(0x82, transfer: 1, .fail)])
        try onBench(Self.script(depth: 1, recovery: .stop)) { bench in
            let (_, gadget, _) = try await bench.open(faults: faults)
            await bench.clock.wait(for: .seconds(1))
            let driver = try bench.driver
            guard let reader = await driver.reader else { throw Surprise("no reader") }
            try same(await driver.failures, [.transport], "failures")
            try check(!reader.isRunning, "it runs")
            reader.start()
            await gadget.send([1])
            await bench.settle()
            try same(await driver.received, [[1]], "delivered")
        }
    }

    @Test(
        "§4.7 b: five failures in a row end it, with growing pauses; a delivery starts anew"
    )
    func budget() throws {
        let faults = FaultPlan([
            FaultRule(0x82, transfers: 1...4, .fail), FaultRule(0x82, transfers: 6...20, .fail),
        ])
        try onBench(seeds: 0..<4, Self.script(depth: 1)) { bench in
            let (_, gadget, _) = try await bench.open(faults: faults)
            let start = bench.clock.now
            await gadget.send([1])
            try same(await bench.driver.received, [[1]], "delivered after four failures")
            let pauses = start.duration(to: bench.clock.now)
            // Each failure is first held against a departure for 250 ms.
            try check(pauses >= .milliseconds(1000 + 4 + 16 + 64 + 256), "\(pauses)")
            await bench.clock.wait(for: .seconds(60))
            try same(
                await bench.driver.failures,
                [DeviceError.Code](repeating: .transport, count: 9), "failures")
            try check(await bench.driver.reader?.isRunning == false, "it runs")
            try check(bench.journal.errors.contains { $0.contains("gave up") }, "no report")
        }
    }

    @Test("§4.2: stop during a recovery ends it, whatever it is waiting for")
    func stopWhileRecovering() throws {
        let faults = FaultPlan([FaultRule(0x82, transfers: 1...1000, .stall)])
        try onBench(seeds: 0..<48, Self.script(depth: 2)) { bench in
            _ = try await bench.open(faults: faults)
            guard let reader = await (try bench.driver).reader else { throw Surprise("no reader") }
            var random = bench.simulation.random
            for _ in 0..<6 {
                await bench.clock.wait(for: .microseconds(random.next(below: 6000)))
                await reader.stop()
                try check(!reader.isRunning, "it runs")
                let failures = await (try bench.driver).failures.count
                await bench.clock.wait(for: .seconds(1))
                try same(await bench.driver.failures.count, failures, "failures after stop")
                reader.start()
            }
        }
    }

    @Test("§4.2: stop waits for the halt that a recovery is clearing")
    func stopWhileClearing() throws {
        let faults = FaultPlan([
            FaultRule(0x82, transfer: 1, .stall),
            FaultRule(.control, request: 1, .delay(.milliseconds(100))),
        ])
        try onBench(seeds: 0..<12, Self.script(depth: 1)) { bench in
            _ = try await bench.open(faults: faults)
            let driver = try bench.driver
            guard let reader = await driver.reader else { throw Surprise("no reader") }
            // Within the delay: a stall is not held against a departure, the pause is short.
            await bench.clock.wait(for: .milliseconds(50))
            try check(reader.pipe.core.isClearing, "no halt is being cleared")
            await reader.stop()
            try check(!reader.pipe.core.isClearing, "it returned before the halt was cleared")
            try check(bench.clock.now >= Instant(nanoseconds: 100_000_000), "it did not wait")
            try check(!reader.isRunning, "it runs")
        }
    }

    @Test("§4.4: an unplug ends it quietly, in whatever way", arguments: UnplugKind.allCases)
    func unplug(kind: UnplugKind) throws {
        for stopsInExit in [true, false] {
            try onBench(Self.script(stopsInExit: stopsInExit)) { bench in
                let (plug, gadget) = try await bench.plug()
                await bench.journal.wait(for: .started)
                let driver = try bench.driver
                await gadget.send([1])
                await plug.unplug(pending: kind)
                await bench.journal.wait(for: .disposed)
                try same(await driver.failures, [], "failures")
                try same(await driver.reader?.isRunning, false, "running")
                try same(bench.journal.errors, [], "errors")
            }
        }
    }

    @Test("VF-51, VF-53: a reader that is not stopped in exitD0 is reported (§4.2)")
    func notStopped() throws {
        try onBench(Self.script(stopsInExit: false)) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            try await (try bench.device).remove()
            try same(bench.journal.errors.count, 1, "errors")
            try check(bench.journal.errors[0].contains("not stopped"), "\(bench.journal.errors)")
        }
    }

    @Test(
        "VF-52, VF-55: one reader a pipe, IN only, of whole packets; its depth is 1 to 64 (§4.1)")
    func configuration() throws {
        let script = Script([
            .prepareHardware: { driver throws(DeviceError) in
                let input = try await driver.device.pipe(0x82)
                let output = try await driver.device.pipe(0x01)
                driver.make(output, 512, 2)
                driver.make(input, 511, 2)
                driver.make(input, 0, 2)
                driver.make(input, 1024, 1_000_000)
                driver.make(input, 512, 2)
            }
        ])
        try onBench(seeds: 0..<2, script) { bench in
            _ = try await bench.open()
            try same(
                Array(await (try bench.driver).notes.prefix(5)),
                [
                    "invalid request", "invalid request", "invalid request", "made",
                    "invalid device state",
                ], "results")
        }
    }

    @Test("U-6: another alternate setting ends the reader, and that is no mistake of the driver's")
    func alternateSetting() throws {
        try onBench(Self.script()) { bench in
            let (_, gadget, _) = try await bench.open()
            let driver = try bench.driver
            let device = try bench.device
            try await device.selectAlternateSetting(1, of: 0)
            try same(await gadget.settings, [1], "settings")
            try same(await driver.reader?.isRunning, false, "running")
            try same(bench.journal.errors, [], "errors")
        }
    }
}

extension ScriptedDriver {
    fileprivate func make(_ pipe: USBPipe, _ size: Int, _ depth: Int) {
        do throws(DeviceError) {
            _ = try pipe.continuousReader(for: self, depth: depth, size: size) { driver, bytes in
                driver.received.append(bytes.copy())
            }
            notes.append("made")
        } catch { notes.append(error.code.description) }
    }
}
