import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

@Suite struct WatchdogTests {
    @Test(
        "Q-14, GAP-15, VF-62: a request that keeps the device in D0 is named every ten seconds"
    )
    func watchdog() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(
                    .sequential, for: driver,
                    deviceControl: { driver, request in
                        await driver.device.clock.wait(for: .seconds(47))
                        request.complete()
                    })
            }
        ])
        try onBench(script) { bench in
            let (plug, _, file) = try await bench.open()
            let call = bench.client { try await file.control(42).information }
            await bench.clock.wait(for: .seconds(5))
            await plug.unplug()
            try same(try await call.value.get(), 0, "the request")
            await bench.journal.wait(for: .queuesPurged)
            // At 15, 25, 35 and 45 seconds.
            try same(bench.journal.errors.count, 4, "reports")
            for error in bench.journal.errors {
                try check(
                    error.contains("Gadget") && error.contains("42") && error.contains("Q-14"),
                    error)
            }
            try check(bench.journal.errors[0].contains("15"), bench.journal.errors[0])
            await file.close()
        }
    }

    @Test(
        "VF-1, GAP-15: a callback that does not return is named every ten seconds",
        arguments: [DriverCallback.deviceAdd, .prepareHardware, .enterD0, .exitD0])
    func callbacks(callback: DriverCallback) throws {
        let script = Script([callback: { await $0.device.clock.wait(for: .seconds(35)) }])
        try onBench(seeds: 0..<4, script) { bench in
            let (plug, _) = try await bench.plug()
            await bench.clock.wait(for: .seconds(60))
            await plug.unplug()
            await bench.clock.wait(for: .seconds(60))
            let errors = bench.journal.errors
            try same(errors.count, 3, "reports")
            for (error, time) in zip(errors, ["10", "20", "30"]) {
                try check(
                    error.contains("VF-1") && error.contains(callback.rawValue)
                        && error.contains("Gadget") && error.contains("\(time).0 seconds"), error)
            }
        }
    }

    @Test("Q-14: the interval can be chosen")
    func interval() throws {
        var options = PlugAndPlay.Options()
        options.watchdogInterval = .milliseconds(100)
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(
                    .sequential, for: driver,
                    write: { driver, request in
                        await driver.device.clock.wait(for: .milliseconds(1050))
                        request.complete()
                    })
            }
        ])
        try onBench(script, options: options) { bench in
            let (_, _, file) = try await bench.open()
            let call = bench.client { try await file.write([1]) }
            await bench.settle()
            await bench.plugAndPlay.stop()
            _ = await call.value
            try same(bench.journal.errors.count, 10, "reports")
        }
    }
}
