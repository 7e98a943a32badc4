import Testing
import VirtualUSB

@testable import DriverFoundation

/// Golden logs of stops, restarts and failures.
@Suite struct RestartTests {
    /// PNP-2 and ReleaseHardware; interfaces and files stay.
    static let stop = """
        suspendSelfManagedIO
        power-managed queues held
        preInterruptsDisabled
        exitD0
        releaseHardware
        hardware closed
        """
    static let start = """
        hardware acquired
        prepareHardware
        enterD0
        postInterruptsEnabled
        power-managed queues started
        restartSelfManagedIO
        started
        """

    @Test("PNP-9: a device is asked, stopped and started again; its interfaces and files stay")
    func stopAndStart() throws {
        try onBench { bench in
            let (_, _, file) = try await bench.open()
            let (device, driver) = (try bench.device, try bench.driver)
            try await device.stop()
            try same(bench.interfaces.all(of: .gadget).count, 1, "interfaces")
            try check(!device.isGone, "gone")
            try bench.journal.expect(
                [StartTests.pnp1, "queryStop", Self.stop, "stopped"].joined(separator: "\n"))
            let second = try await bench.interfaces.open(.gadget)
            try await device.stop()
            try await device.start()
            try await device.start()
            try bench.journal.expect(
                [StartTests.pnp1, "queryStop", Self.stop, "stopped", Self.start].joined(
                    separator: "\n"))
            try same(
                await driver.notes,
                ["enterD0(from: d3Final)", "exitD0(to: d3Final)", "enterD0(from: d3Final)"],
                "arguments")
            await file.close()
            await second.close()
            try await device.remove()
            try same(bench.journal.errors, [], "errors")
        }
    }

    @Test("PNP-9, CB-5: a driver vetoes a stop, and the device works on")
    func veto() throws {
        let script = Script([
            .queryStop: { _ throws(DeviceError) in throw DeviceError(.busy, "Toast is inside.") }
        ])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            try same(await code { try await device.stop() }, .busy, "the stop")
            try same(device.state.value.pnp.state, .started, "state")
            try bench.journal.expect(StartTests.pnp1 + "\nqueryStop …\nqueryStop threw: busy")
        }
    }

    @Test("PNP-9: a stop that was granted and is given up leaves the device as it was")
    func givenUp() throws {
        try onBench { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            device.post(PnPMachine.Event.queryStop)
            await bench.journal.wait(for: .returned(.queryStop))
            await bench.settle()
            try same(device.state.value.pnp.state, .stopPending, "state")
            try same(device.idleReport.holders.map(\.name), ["a query that is pending"], "holders")
            device.post(PnPMachine.Event.cancelStop)
            try same(device.state.value.pnp.state, .started, "state")
            try same(device.idleReport.holders, [], "holders")
            try bench.journal.expect(StartTests.pnp1 + "\nqueryStop")
        }
    }

    @Test("PNP-10: a restart is a stop and a start, without asking")
    func restart() throws {
        try onBench { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            try await bench.device.restart()
            try bench.journal.expect(
                [StartTests.pnp1, Self.stop, Self.start].joined(separator: "\n"))
        }
    }

    @Test("PNP-8: a stopped device that is pulled out releases nothing twice")
    func goneWhileStopped() throws {
        try onBench { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            try await bench.device.stop()
            await plug.unplug()
            await bench.journal.wait(for: .disposed)
            try bench.journal.expect(
                [StartTests.pnp1, "queryStop", Self.stop, "stopped"].joined(separator: "\n")
                    + "\n" + """
                        surpriseRemoval
                        interfaces disabled
                        power-managed queues purged
                        flushSelfManagedIO
                        all queues purged
                        cleanUpSelfManagedIO
                        disposed
                        """)
        }
    }

    @Test("PNP-16: a ReleaseHardware that fails is ignored on removal, and a failure on a stop")
    func releaseFailsOnStop() throws {
        let script = Script([
            .releaseHardware: { _ throws(DeviceError) in throw DeviceError(.transport) }
        ])
        try onBench(script, options: StartTests.withoutRestart) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            try same(await code { try await device.stop() }, .invalidDeviceState, "the stop")
            try check(bench.journal.has(.failed), "not failed")
            try same(bench.interfaces.all(of: .gadget).count, 0, "interfaces")
        }
    }

    @Test(
        "PNP-15: what fails on the way down is gone to its end, and then the device has failed",
        arguments: [
            DriverCallback.suspendSelfManagedIO, .preInterruptsDisabled, .exitD0,
        ])
    func downFails(callback: DriverCallback) throws {
        let script = IdleTests.script([
            callback: { _ throws(DeviceError) in throw DeviceError(.transport) }
        ])
        try onBench(script, options: StartTests.withoutRestart) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .restartRefused)
            let failing = IdleTests.down.replacing(
                callback.rawValue,
                with: "\(callback.rawValue) …\n\(callback.rawValue) threw: transport error")
            try bench.journal.expect(
                [StartTests.pnp1, failing].joined(separator: "\n") + "\n" + """
                    failed
                    releaseHardware
                    interfaces disabled
                    power-managed queues purged
                    flushSelfManagedIO
                    hardware closed
                    restart refused
                    """)
        }
    }

    @Test("PNP-14, CB-3: a post-interrupt step that fails is unwound, and D0Exit is called")
    func postInterruptsFail() throws {
        try StartTests.expect(
            """
            matched to ScriptedDriver
            deviceAdd
            hardware acquired
            prepareHardware
            enterD0
            postInterruptsEnabled …
            postInterruptsEnabled threw: stalled
            exitD0
            start failed
            releaseHardware
            power-managed queues purged
            hardware closed
            restart refused
            """, throwing: .stalled, from: .postInterruptsEnabled)
    }

    @Test("PNP-14, PNP-17: a self-managed Restart that fails is unwound, to D3Final")
    func restartFails() throws {
        let script = IdleTests.script([
            .restartSelfManagedIO: { _ throws(DeviceError) in throw DeviceError(.stalled) }
        ])
        try onBench(script, options: StartTests.withoutRestart) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let (driver, device) = (try bench.driver, try bench.device)
            await bench.clock.wait(for: .seconds(3))
            try same(await code { try await device.wakeNow() }, .invalidDeviceState, "waking")
            await bench.journal.wait(for: .restartRefused)
            try bench.journal.expect(
                [StartTests.pnp1, IdleTests.down].joined(separator: "\n") + "\n" + """
                    enterD0
                    postInterruptsEnabled
                    power-managed queues started
                    restartSelfManagedIO …
                    restartSelfManagedIO threw: stalled
                    (not: suspendSelfManagedIO)
                    power-managed queues held
                    preInterruptsDisabled
                    exitD0
                    failed
                    releaseHardware
                    interfaces disabled
                    power-managed queues purged
                    flushSelfManagedIO
                    hardware closed
                    restart refused
                    """)
            try same(await driver.notes.last, "exitD0(to: d3Final)", "argument")
        }
    }

    @Test(
        "PNP-14, CB-4: a self-managed Init that fails is unwound; Flush and Cleanup follow"
    )
    func initializeFails() throws {
        try StartTests.expect(
            """
            matched to ScriptedDriver
            deviceAdd
            hardware acquired
            prepareHardware
            enterD0
            postInterruptsEnabled
            power-managed queues started
            initializeSelfManagedIO …
            initializeSelfManagedIO threw: stalled
            (not: suspendSelfManagedIO)
            power-managed queues held
            preInterruptsDisabled
            exitD0
            start failed
            releaseHardware
            power-managed queues purged
            flushSelfManagedIO
            hardware closed
            restart refused
            """, throwing: .stalled, from: .initializeSelfManagedIO
        ) { bench, plug in
            await plug.unplug()
            await bench.journal.wait(for: .disposed)
            try same(
                bench.journal.lines().suffix(4),
                ["surpriseRemoval", "all queues purged", "cleanUpSelfManagedIO", "disposed"],
                "the end")
        }
    }
}
