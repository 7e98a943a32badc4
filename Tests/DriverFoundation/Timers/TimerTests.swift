import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// Timers: L-3.
@Suite struct TimerTests {
    /// A driver with a timer that notes when it is called.
    private static func script(
        every period: Duration? = nil, tolerance: Duration = .zero,
        _ handler: @escaping @Sendable (isolated ScriptedDriver) async -> Void = { $0.noteTime() }
    ) -> Script {
        Script([
            .deviceAdd: { driver throws(DeviceError) in
                let timer = try driver.device.timer(
                    "t", every: period, tolerance: tolerance, for: driver, handler)
                driver.device.object.addContext { _ in timer }
            }
        ])
    }

    private static func timer(_ device: Device) throws -> DeviceTimer {
        guard let timer = device.object.context(of: DeviceTimer.self) else {
            throw Surprise("no timer")
        }
        return timer
    }

    @Test("L-3, S-3: a one-shot timer fires once, when it is due, on the driver's scope")
    func oneShot() throws {
        let script = Self.script { driver in
            driver.noteTime()
            driver.notes.append("\(driver.device.scope.isCurrent)")
        }
        try onBench(script) { bench in
            _ = try await bench.open()
            let timer = try Self.timer(bench.device)
            let start = bench.clock.now
            try check(!timer.start(after: .milliseconds(30)), "it was queued")
            await bench.clock.wait(for: .seconds(1))
            try same(await bench.driver.times(since: start), [30], "times")
            try same(await bench.driver.notes.last, "true", "in the scope")
        }
    }

    @Test("L-3: start says whether a call was queued, and puts it off")
    func restart() throws {
        try onBench(Self.script()) { bench in
            _ = try await bench.open()
            let timer = try Self.timer(bench.device)
            let start = bench.clock.now
            try check(!timer.start(after: .milliseconds(30)), "queued before the first start")
            await bench.clock.wait(for: .milliseconds(20))
            try check(timer.start(after: .milliseconds(30)), "not queued before the second start")
            await bench.clock.wait(for: .seconds(1))
            try same(await bench.driver.times(since: start), [50], "times")
            try check(!timer.isQueued, "queued after its call")
        }
    }

    @Test("L-3: a periodic timer keeps its schedule; what a slow handler misses comes once")
    func periodic() throws {
        let script = Self.script(every: .milliseconds(10)) { driver in
            driver.noteTime()
            if driver.received.count == 2 { await driver.device.clock.wait(for: .milliseconds(35)) }
        }
        try onBench(seeds: 0..<8, script) { bench in
            _ = try await bench.open()
            let timer = try Self.timer(bench.device)
            let start = bench.clock.now
            timer.start()
            await bench.clock.wait(for: .milliseconds(85))
            await timer.stop()
            try same(
                await bench.driver.times(since: start), [10, 20, 55, 60, 70, 80], "times")
        }
    }

    @Test("L-3: with a tolerance, timers come later by less than it, and together")
    func tolerance() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                var timers: [DeviceTimer] = []
                for _ in 0..<10 {
                    timers.append(
                        try driver.device.timer(
                            tolerance: .milliseconds(16), for: driver, { $0.noteTime() }))
                }
                let all = timers
                driver.device.object.addContext { _ in all }
            }
        ])
        try onBench(seeds: 0..<8, script) { bench in
            _ = try await bench.open()
            let timers = try bench.device.object.context(of: [DeviceTimer].self) ?? []
            let start = bench.clock.now
            for (number, timer) in timers.enumerated() {
                timer.start(after: .milliseconds(100 + number))
            }
            await bench.clock.wait(for: .seconds(1))
            let times = await (try bench.driver).times(since: start)
            try same(times.count, 10, "calls")
            try check(times.allSatisfy { $0 >= 100 && $0 < 109 + 16 }, "\(times)")
            try check(Set(times).count <= 2, "woken \(Set(times).count) times")
        }
    }

    @Test("L-3: stop takes back what is due, waits for a handler that runs, and none runs after it")
    func stop() throws {
        let script = Self.script(every: .microseconds(7)) { driver in
            driver.noteTime()
            await driver.device.clock.wait(for: .microseconds(5))
            driver.notes.append("left")
        }
        try onBench(seeds: 0..<48, script) { bench in
            _ = try await bench.open()
            let timer = try Self.timer(bench.device)
            let driver = try bench.driver
            var random = bench.simulation.random
            for _ in 0..<10 {
                timer.start()
                await bench.clock.wait(for: .microseconds(random.next(below: 40)))
                try check(await timer.stop(), "a periodic timer was not queued")
                let calls = await driver.received.count
                try same(await driver.notes.filter { $0 == "left" }.count, calls, "handlers left")
                await bench.clock.wait(for: .microseconds(50))
                try same(await driver.received.count, calls, "calls after stop")
                try check(!(await timer.stop()), "a stopped timer was queued")
            }
        }
    }

    @Test("L-3, VF-60: stopped from inside its own handler it traps; cancelled there, it stops")
    func fromWithin() async throws {
        let cancelling = Self.script(every: .milliseconds(1)) { driver in
            driver.noteTime()
            let timer = driver.device.object.context(of: DeviceTimer.self)
            if driver.received.count == 3 { timer?.cancel() }
        }
        try onBench(seeds: 0..<8, cancelling) { bench in
            _ = try await bench.open()
            try Self.timer(bench.device).start()
            await bench.clock.wait(for: .seconds(1))
            try same(await bench.driver.received.count, 3, "calls")
        }
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            let stopping = Self.script { driver in
                await driver.device.object.context(of: DeviceTimer.self)?.stop()
            }
            try onBench(seeds: 0..<1, stopping) { bench in
                _ = try await bench.open()
                try Self.timer(bench.device).start(after: .zero)
                await bench.settle()
            }
        }
        let error = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(error.contains("L-3"))
    }

    @Test("L-3, OBJ-3: a device's end waits for the handler that runs, and none begins after it")
    func endedWithDevice() throws {
        let script = Self.script(every: .milliseconds(1)) { driver in
            driver.notes.append("entered")
            await driver.device.clock.wait(for: .milliseconds(2))
            driver.notes.append("left")
        }
        try onBench(seeds: 0..<24, script) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            try Self.timer(bench.device).start()
            let driver = try bench.driver
            await bench.clock.wait(for: .milliseconds(5))
            await plug.unplug()
            await bench.journal.wait(for: .disposed)
            let notes = await driver.notes
            try same(notes.last, "left", "the last")
            await bench.clock.wait(for: .seconds(1))
            try same(await driver.notes, notes, "after the end")
        }
    }

    @Test("L-3, PNP-11: a timer of a driver whose init threw calls nobody")
    func failedInit() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                try driver.device.timer(every: .microseconds(1), for: driver) { _ in
                    fatalError("called")
                }.start()
                throw DeviceError(.failed)
            }
        ])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .startFailed)
            await bench.clock.wait(for: .milliseconds(10))
        }
    }
}

extension ScriptedDriver {
    /// Notes the present time, in microseconds.
    fileprivate func noteTime() {
        let time = device.clock.now.nanoseconds / 1000
        received.append((0..<8).map { UInt8(truncatingIfNeeded: time >> ($0 * 8)) })
    }

    /// What was noted, in milliseconds since `start`.
    fileprivate func times(since start: Instant) -> [UInt64] {
        received.map { bytes in
            let time = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return (time - start.nanoseconds / 1000 + 500) / 1000
        }
    }
}
