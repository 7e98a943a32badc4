import Testing

@testable import DriverFoundation

/// Golden logs of orderly removals.
@Suite struct RemovalTests {
    /// PNP-2, then the rest of PNP-6, from the moment the driver has agreed.
    static let goingDown = """
        suspendSelfManagedIO
        power-managed queues held
        preInterruptsDisabled
        (where there are any: interrupts disabled)
        exitD0
        releaseHardware
        interfaces disabled
        power-managed queues purged
        flushSelfManagedIO
        hardware closed
        all queues purged
        cleanUpSelfManagedIO
        disposed
        """

    @Test("PNP-6: orderly removal asks, goes down, releases and disposes")
    func remove() throws {
        try onBench { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let driver = try bench.driver
            try await bench.device.remove()
            try bench.journal.expect(StartTests.pnp1 + "\nqueryRemove\n" + Self.goingDown)
            try same(await driver.notes.last, "exitD0(to: d3Final)", "argument")
            try same(await bench.plugAndPlay.devices().count, 0, "devices")
        }
    }

    @Test("PNP-7: removal without a query, when the program ends")
    func stop() throws {
        try onBench { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            await bench.plugAndPlay.stop()
            try bench.journal.expect(StartTests.pnp1 + "\n" + Self.goingDown)
        }
    }

    @Test("PNP-2, DEV-12: queues are held, and what the driver owns awaited, before D0Exit")
    func leavingD0() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(
                    .sequential, for: driver,
                    write: { driver, request in
                        let isCancelled = Valve(on: driver.device.loop)
                        request.onCancel { isCancelled.open() }
                        await isCancelled.pass()
                        await driver.device.clock.wait(for: .seconds(2))
                        driver.notes.append("completed")
                        request.complete()
                    })
            }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            async let write = file.write([1])
            await bench.settle()
            let driver = try bench.driver
            await bench.plugAndPlay.stop()
            try same(
                await driver.notes,
                ["enterD0(from: d3Final)", "completed", "exitD0(to: d3Final)"], "order")
            try same(try await write, 0, "the write's end")
            try bench.journal.expect(StartTests.pnp1 + "\n" + Self.goingDown)
        }
    }

    @Test("PNP-6, CB-5: a veto leaves the device as it was, and the caller knows why")
    func veto() throws {
        let script = Script([
            .queryRemove: { _ throws(DeviceError) in throw DeviceError(.busy, "Toast is inside.") }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            do {
                try await bench.device.remove()
                throw Surprise("it was removed")
            } catch let error as DeviceError { try same(error.message, "Toast is inside.", "why") }
            try bench.journal.expect(
                StartTests.pnp1 + "\nqueryRemove …\nqueryRemove threw: busy")
            try same(
                await code { try await file.write([]) }, .invalidRequest, "a write, no handler")
            try same(bench.journal.errors, [], "errors")
        }
    }

    @Test("PNP-6: a veto may be followed by a grant")
    func vetoThenGrant() throws {
        let script = Script([
            .queryRemove: { driver throws(DeviceError) in
                driver.notes.append("asked")
                if driver.notes.filter({ $0 == "asked" }).count == 1 { throw DeviceError(.busy) }
            }
        ])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            try same(await code { try await device.remove() }, .busy, "first")
            try await device.remove()
            try bench.journal.expect(
                StartTests.pnp1 + "\nqueryRemove …\nqueryRemove threw: busy\nqueryRemove\n"
                    + Self.goingDown)
        }
    }

    @Test("PNP-6: cancelRemove after a grant leaves the device working")
    func cancelRemove() throws {
        try onBench { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            device.post(PnPMachine.Event.queryRemove)
            await bench.journal.wait(for: .returned(.queryRemove))
            await bench.settle()
            try same(device.state.value.pnp.state, .removePending, "state")
            let file = try await bench.interfaces.open(.gadget)
            device.post(PnPMachine.Event.cancelRemove)
            try same(device.state.value.pnp.state, .started, "state")
            await file.close()
            try await device.remove()
            try bench.journal.expect(
                StartTests.pnp1 + "\nqueryRemove\nqueryRemove\n" + Self.goingDown)
        }
    }

    @Test("PNP-6: two removals at once ask the driver once, and both return when it is done")
    func twoRemovals() throws {
        let script = Script([.queryRemove: { await $0.valve.pass() }])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            async let first: Void = device.remove()
            await bench.settle()
            async let second: Void = device.remove()
            await bench.settle()
            bench.valve.open()
            try await first
            try await second
            try bench.journal.expect(
                StartTests.pnp1 + "\nqueryRemove\n" + Self.goingDown)
        }
    }

    @Test("PNP-6: a removal asked for during the start waits for its end, then asks")
    func removeWhileStarting() throws {
        for callback in [DriverCallback.deviceAdd, .prepareHardware, .enterD0] {
            let script = Script([callback: { await $0.valve.pass() }])
            try onBench(seeds: 0..<6, script) { bench in
                _ = try await bench.plug()
                await bench.journal.wait(for: .began(callback))
                let device = try bench.device
                async let removed: Void = device.remove()
                await bench.settle()
                try check(!bench.journal.has(.returned(callback)), "it has not waited")
                bench.valve.open()
                try await removed
                try check(bench.journal.has(.disposed), "it was not removed")
            }
        }
    }

    @Test("PNP-6: a hundred removals asked for during a slow start are one")
    func manyRemovals() throws {
        let script = Script([.prepareHardware: { await $0.valve.pass() }])
        try onBench(seeds: 0..<4, script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .began(.prepareHardware))
            let device = try bench.device
            let removals = (0..<100).map { number in
                bench.client {
                    if number % 2 == 0 {
                        try await device.remove()
                    } else {
                        await device.removeWithoutQuery()
                    }
                }
            }
            await bench.settle()
            bench.valve.open()
            for removal in removals { try await removal.value.get() }
            let asked = bench.journal.has(.returned(.queryRemove))
            try check(bench.journal.has(.disposed), "it was not removed, asked: \(asked)")
        }
    }

    @Test("PNP-7: the program ends while a start is under way: it is started, then removed")
    func stopWhileStarting() throws {
        let script = Script([.enterD0: { await $0.valve.pass() }])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .began(.enterD0))
            async let stopped: Void = bench.plugAndPlay.stop()
            await bench.settle()
            bench.valve.open()
            await stopped
            try bench.journal.expect(StartTests.pnp1 + "\n" + Self.goingDown)
        }
    }

    @Test("PNP-15: a D0Exit that fails runs to its end, and the removal goes on")
    func exitD0Fails() throws {
        let script = Script([
            .exitD0: { driver throws(DeviceError) in
                await driver.device.clock.wait(for: .seconds(1))
                throw DeviceError(.transport)
            }
        ])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            try await bench.device.remove()
            try bench.journal.expect(
                StartTests.pnp1 + "\nqueryRemove\n"
                    + Self.goingDown.replacing(
                        "\nexitD0\n", with: "\nexitD0 …\nexitD0 threw: transport error\n"))
            try same(bench.journal.errors.count, 1, "errors")
        }
    }

    @Test("PNP-16: a ReleaseHardware that fails is ignored on removal")
    func releaseFails() throws {
        let script = Script([
            .releaseHardware: { _ throws(DeviceError) in throw DeviceError(.failed) }
        ])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            try await bench.device.remove()
            try bench.journal.expect(
                StartTests.pnp1 + "\nqueryRemove\n"
                    + Self.goingDown.replacing(
                        "\nreleaseHardware\n",
                        with: "\nreleaseHardware …\nreleaseHardware threw: failed\n"))
        }
    }
}
