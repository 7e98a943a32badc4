import Testing
import VirtualUSB

@testable import DriverFoundation

/// Requests when the system sleeps: from the source's word to the driver's handlers, and back.
@Suite struct SleepRequestTests {
    /// A driver that keeps what it gets, answers stops with `answer`, and idles after a second.
    private static func script(_ answer: StopAnswer) -> Script {
        Script([
            .deviceAdd: { driver in
                driver.device.idle(after: .seconds(1))
                driver.queues = [
                    driver.device.queue(
                        .parallel(limit: 4), for: driver, write: { $0.keep($1) },
                        stop: { driver, request, reason in
                            driver.notes.append("stop \(request.input) \(reason)")
                            return answer
                        },
                        resume: { driver, request in
                            driver.notes.append("resume \(request.input)")
                        })
                ]
            },
            .enterD0: { $0.notes.append("up") },
            .exitD0: { $0.notes.append("down") },
        ])
    }

    private static func bench(
        _ answer: StopAnswer,
        _ body: @escaping @Sendable (Bench, ScriptedSleep, DeviceFile) async throws -> Void
    ) throws {
        let source = ScriptedSleep()
        var options = PlugAndPlay.Options()
        options.sleepSource = source
        try onBench(script(answer), options: options) { bench in
            let (_, _, file) = try await bench.open()
            try await body(bench, source, file)
            try same(bench.journal.errors, [], "errors")
        }
    }

    private static func told(_ bench: Bench) async throws -> [String] {
        try await bench.driver.notes.filter { !$0.contains("D0") }
    }

    @Test(
        "Q-14, Q-15, Q-22, R-16: what the driver keeps stays over the sleep, and is resumed"
    )
    func kept() throws {
        try Self.bench(.acknowledge) { bench, source, file in
            let first = await bench.write([1], to: file)
            // with work it does not idle; for the system's sleep it goes down all the same.
            await bench.clock.wait(for: .seconds(10))
            try check(try bench.device.idleReport.isInD0, "it idles with work")
            await source.say(.falling)
            try check(try !bench.device.idleReport.isInD0, "acknowledged in D0")
            let second = await bench.write([2], to: file)
            await bench.clock.wait(for: .seconds(600))
            try same(await bench.driver.received, [[1]], "delivered to a sleeping device")
            await source.say(.awake)
            await bench.settle()
            try same(
                await Self.told(bench), ["up", "stop [1] suspend", "down", "up", "resume [1]"],
                "told")
            try same(await bench.driver.received, [[1], [2]], "delivered")
            try await bench.driver.releaseAll { $0.complete(1) }
            try same(await first.value.code, nil, "the first")
            try same(await second.value.code, nil, "the second")
        }
    }

    @Test(
        "Q-14, PNP-5: the system does not sleep before the driver has ended what it will not keep")
    func left() throws {
        try Self.bench(.leave) { bench, source, file in
            let first = await bench.write([1], to: file)
            let asleep = bench.client { await source.say(.falling) }
            await bench.clock.wait(for: .seconds(5))
            try same(await Self.told(bench), ["up", "stop [1] suspend"], "told")
            try await bench.driver.release { $0.complete(1) }
            _ = await asleep.value
            try same(await first.value.code, nil, "the request")
            try same(await Self.told(bench).last, "down", "the last")
            await source.say(.awake)
            try same(await Self.told(bench).suffix(2), ["down", "up"], "no resume without a stop")
        }
    }

    @Test("R-16, PNP-5: what is acknowledged later lets the system sleep then")
    func acknowledgedLater() throws {
        try Self.bench(.leave) { bench, source, file in
            let first = await bench.write([1], to: file)
            let asleep = bench.client { await source.say(.falling) }
            await bench.clock.wait(for: .seconds(5))
            try same(await Self.told(bench), ["up", "stop [1] suspend"], "told")
            try await bench.driver.acknowledgeStops()
            _ = await asleep.value
            await source.say(.awake)
            await bench.settle()
            try same(
                await Self.told(bench), ["up", "stop [1] suspend", "down", "up", "resume [1]"],
                "told")
            try await bench.driver.releaseAll { $0.complete(1) }
            try same(await first.value.code, nil, "the request")
        }
    }

    @Test(
        "R-7, PNP-5: a client that cancels what was kept over the sleep is answered while it lasts")
    func cancelledAsleep() throws {
        try Self.bench(.acknowledge) { bench, source, file in
            let first = await bench.write([1], to: file)
            await source.say(.falling)
            first.cancel()
            await bench.settle()
            try await bench.driver.releaseAll { $0.end() }
            try same(await first.value.code, .cancelled, "the request")
            try check(try !bench.device.idleReport.isInD0, "a cancel wakes the device")
            await source.say(.awake)
            await bench.settle()
            try same(
                await Self.told(bench), ["up", "stop [1] suspend", "down", "up"], "told")
        }
    }
}
