import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// Cancelling a request in every state that it can be in: R-6 (adapted), R-7.
@Suite struct CancellationTests {
    private static let manual: ControlCode = 1
    private static let pipe: ControlCode = 2
    private static let timer: ControlCode = 3
    private static let handler: ControlCode = 4
    private static let long: ControlCode = 5

    private static let script = Script([
        .deviceAdd: { driver in
            driver.queues = [driver.device.queue(.manual)]
            driver.device.queue(
                .sequential, for: driver, deviceControl: { await $0.control($1) })
        },
        .prepareHardware: { driver throws(DeviceError) in
            driver.input = try await driver.device.pipe(0x82)
        },
    ])

    @Test(
        "R-7, GAP-6: wherever a request is, cancelling its task ends it, once, as cancelled",
        arguments: [
            manual, pipe, timer, handler,
        ])
    func everywhere(code: ControlCode) throws {
        try onBench(seeds: 0..<24, Self.script) { bench in
            let (_, _, file) = try await bench.open()
            let call = bench.client { try await file.control(code).information }
            var random = bench.simulation.random
            await bench.clock.wait(for: .microseconds(random.next(below: 3)))
            call.cancel()
            try same(await call.value.code, .cancelled, "code")
            // The queue goes on.
            let next = bench.client { try await file.control(99).information }
            try same(await next.value.code, .invalidRequest, "the next request")
            try same(await bench.driver.queues[0].count, 0, "left in the manual queue")
        }
    }

    @Test("R-7: a request that waits behind another is taken out without reaching the driver")
    func queued() throws {
        try onBench(Self.script) { bench in
            let (_, _, file) = try await bench.open()
            let first = bench.client { try await file.control(Self.timer).information }
            await bench.settle()
            let second = bench.client { try await file.control(Self.manual).information }
            await bench.settle()
            second.cancel()
            try same(await second.value.code, .cancelled, "code")
            try same(await bench.driver.notes.filter { $0 == "control" }.count, 1, "delivered")
            first.cancel()
            try same(await first.value.code, .cancelled, "the first")
        }
    }

    @Test("R-7: cancelling before the request has reached the loop, or after its end, does no harm")
    func beforeAndAfter() throws {
        try onBench(Self.script) { bench in
            let (_, _, file) = try await bench.open()
            let early = bench.client { try await file.control(Self.timer).information }
            early.cancel()
            try same(await early.value.code, .cancelled, "early")
            try same(await bench.driver.notes.filter { $0 == "control" }.count, 0, "delivered")
            let late = bench.client { try await file.control(99).information }
            try same(await late.value.code, .invalidRequest, "late")
            late.cancel()
            await bench.settle()
            let other = bench.client { try await file.control(Self.manual).information }
            await bench.settle()
            // The core behind `late` now serves `other`, which the old ticket must not touch.
            late.cancel()
            await bench.settle()
            try same(await bench.driver.queues[0].count, 1, "waiting")
            other.cancel()
            try same(await other.value.code, .cancelled, "other")
        }
    }

    @Test("R-7: onCancel is called once, on the driver's scope, and never after the completion")
    func handlerCalls() throws {
        try onBench(seeds: 0..<32, Self.script) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            for round in 0..<20 {
                let before = await driver.owned
                let call = bench.client { try await file.control(Self.handler).information }
                await bench.clock.wait(for: .microseconds(round))
                call.cancel()
                call.cancel()
                try same(await call.value.code, .cancelled, "code")
                await bench.settle()
                try check(await driver.owned - before <= 1, "called twice")
            }
        }
    }

    @Test("R-7: device.wait(for:request:) leaves the driver's own cancel handler in force")
    func waitKeepsHandler() throws {
        try onBench(Self.script) { bench in
            let (_, _, file) = try await bench.open()
            let call = bench.client { try await file.control(Self.long).information }
            await bench.clock.wait(for: .seconds(2))
            call.cancel()
            try same(await call.value.code, .cancelled, "code")
            try same(await bench.driver.notes.last, "handler", "the driver's handler")
        }
    }

    @Test("R-7: a driver that completes all the same wins; the client gets the result")
    func completionWins() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(
                    .sequential, for: driver,
                    write: { driver, request in
                        await driver.device.clock.wait(for: .milliseconds(5))
                        driver.notes.append("cancelled: \(request.isCancelled)")
                        request.complete(1)
                    })
            }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            let call = bench.client { try await file.write([1]) }
            await bench.settle()
            call.cancel()
            try same(try await call.value.get(), 1, "information")
            try same(await bench.driver.notes.last, "cancelled: true", "flag")
        }
    }

    @Test("R-6: a forwarded request that was cancelled meanwhile ends at the queue's door")
    func forwardCancelled() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.queues = [driver.device.queue(.manual)]
                driver.device.queue(
                    .sequential, for: driver,
                    write: { driver, request in
                        await driver.device.clock.wait(for: .milliseconds(5))
                        request.forward(to: driver.queues[0])
                    })
            }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            let call = bench.client { try await file.write([1]) }
            await bench.settle()
            call.cancel()
            try same(await call.value.code, .cancelled, "code")
            try same(await bench.driver.queues[0].count, 0, "queued")
        }
    }

    @Test("R-7: cancelling from another thread, on a loop of its own, again and again")
    func otherThread() async throws {
        let bus = VirtualBus()
        let valve = Valve(on: bus.loop)
        Script.register(Self.script, valve, for: bus.loop)
        let plugAndPlay = PlugAndPlay(on: bus, drivers: [ScriptedDriver.self])
        try await plugAndPlay.start()
        _ = try await bus.plug { Gadget(port: $0) }
        let file = try await plugAndPlay.interfaces.open(.gadget)
        for round in 0..<300 {
            let code = [Self.manual, Self.pipe, Self.timer, Self.handler][round % 4]
            let call = Task { await DriverFoundationTests.code { try await file.control(code) } }
            if round % 3 == 0 { await Task.yield() }
            call.cancel()
            #expect(await call.value == .cancelled)
        }
        await plugAndPlay.stop()
        Script.forget(bus.loop)
    }

    @Test("F-2, F-3: closing a file cancels its requests and waits for those that the driver owns")
    func close() throws {
        try onBench(Self.script) { bench in
            let (_, _, file) = try await bench.open()
            let other = try await bench.interfaces.open(.gadget)
            let kept = bench.client { try await other.control(Self.manual).information }
            await bench.settle()
            let calls = [Self.manual, Self.timer, Self.manual].map { code in
                bench.client { try await file.control(code).information }
            }
            await bench.settle()
            await file.close()
            await file.close()
            for call in calls { try same(await call.value.code, .cancelled, "code") }
            try same(await code { try await file.control(99) }, .invalidRequest, "after the close")
            try same(await bench.driver.queues[0].count, 1, "the other file's request")
            kept.cancel()
            _ = await kept.value
        }
    }
}

extension ScriptedDriver {
    /// What each control code of these tests waits for, until its client gives it up.
    fileprivate func control(_ request: consuming Request) async {
        notes.append("control")
        switch request.code {
        case 1: request.forward(to: queues[0])
        case 2:
            guard let input else { return request.fail(.removed) }
            do throws(DeviceError) {
                request.complete(try await input.read(upTo: 64, for: request).count)
            } catch { request.fail(error) }
        case 3:
            let isTimely = await device.wait(for: .seconds(900), request: request)
            if isTimely { request.complete() } else { request.fail(.cancelled) }
        case 4:
            let cancelled = Valve(on: device.loop)
            request.onCancel { [weak self] in
                self?.assumeIsolated { $0.owned += 1 }
                cancelled.open()
            }
            await cancelled.pass()
            request.fail(.cancelled)
        case 5:
            let cancelled = Valve(on: device.loop)
            request.onCancel { [weak self] in
                self?.assumeIsolated { $0.notes.append("handler") }
                cancelled.open()
            }
            await device.wait(for: .seconds(1), request: request)
            await cancelled.pass()
            request.fail(.cancelled)
        default: request.fail(.invalidRequest)
        }
    }
}
