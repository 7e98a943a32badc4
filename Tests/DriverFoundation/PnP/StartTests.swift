import DriverFoundation
import Testing
import VirtualUSB

/// Golden logs of starts. Lines in parentheses name what comes there when a device has more than
/// this one (``WholeOrderTests`` has a device with all of it), and what does not come.
@Suite struct StartTests {
    static let pnp1 = """
        matched to ScriptedDriver
        deviceAdd
        hardware acquired
        prepareHardware
        enterD0
        (where there are any: interrupts enabled)
        postInterruptsEnabled
        (not on USB: DMA filled, enabled)
        (where there are any: children scanned)
        power-managed queues started
        (where there were any: IoResume for each request that had IoStop)
        initializeSelfManagedIO
        interfaces enabled
        started
        """

    /// Devices that fail stay failed, so that logs end there.
    static var withoutRestart: PlugAndPlay.Options {
        var options = PlugAndPlay.Options()
        options.restartsFailedDevices = false
        return options
    }

    /// Throws unless the life of a device reads as `golden` whose driver throws `code` from
    /// `callback`; `body` goes on from there.
    static func expect(
        _ golden: String, throwing code: DeviceError.Code, from callback: DriverCallback,
        _ body: @escaping @Sendable (Bench, PluggedDevice) async throws -> Void = { _, _ in }
    ) throws {
        let script = Script([callback: { _ throws(DeviceError) in throw DeviceError(code) }])
        try onBench(script, options: withoutRestart) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .restartRefused)
            try bench.journal.expect(golden)
            try await body(bench, plug)
        }
    }

    @Test("PNP-1: a device starts")
    func start() throws {
        try onBench { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            try bench.journal.expect(Self.pnp1)
            try same(try await bench.driver.notes, ["enterD0(from: d3Final)"], "arguments")
            try same(bench.journal.errors, [], "errors")
        }
    }

    @Test("PNP-1, S-2: nothing comes before its predecessor has returned, however long that takes")
    func slowStart() throws {
        let wait: Script.Step = { await $0.device.clock.wait(for: .seconds(3)) }
        let script = Script([.deviceAdd: wait, .prepareHardware: wait, .enterD0: wait])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            try bench.journal.expect(Self.pnp1)
            try same(bench.clock.now.nanoseconds, 9_000_000_000, "time")
        }
    }

    @Test("DEV-14, PNP-11: what a failing DeviceAdd has made is cleaned up before the device ends")
    func deviceAddCleansUp() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                let device = driver.device
                let part = try device.object.child("part") { device.tell("cleanup of the part") }
                _ = try part.child("detail") { device.tell("cleanup of the detail") }
                throw DeviceError(.failed)
            }
        ])
        try onBench(script) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .disposed)
            try same(
                bench.journal.told, ["cleanup of the detail", "cleanup of the part"], "told")
            await plug.unplug()
        }
    }

    @Test("PNP-11: a driver that throws from DeviceAdd has no device, and nothing to release")
    func deviceAddFails() throws {
        let script = Script([.deviceAdd: { _ throws(DeviceError) in throw DeviceError(.failed) }])
        try onBench(script) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .disposed)
            try bench.journal.expect(
                """
                matched to ScriptedDriver
                deviceAdd …
                deviceAdd threw: failed
                start failed
                (EvtCleanup of the objects made so far)
                all queues purged
                disposed
                """)
            try same(await bench.plugAndPlay.devices().count, 0, "devices")
            try same(bench.journal.errors.count, 1, "errors")
            await plug.unplug()
        }
    }

    @Test(
        "PNP-12, CB-1: PrepareHardware fails; Release is called, interfaces are never enabled"
    )
    func prepareHardwareFails() throws {
        try Self.expect(
            """
            matched to ScriptedDriver
            deviceAdd
            hardware acquired
            prepareHardware …
            prepareHardware threw: malformed device data
            start failed
            releaseHardware
            power-managed queues purged
            (not: flushSelfManagedIO, because it was never initialized)
            hardware closed
            restart refused
            """, throwing: .deviceData, from: .prepareHardware
        ) { bench, _ in
            try same(bench.interfaces.all(of: .gadget).count, 0, "interfaces")
        }
    }

    @Test("PNP-13: D0Entry fails; D0Exit is not called, ReleaseHardware is")
    func enterD0Fails() throws {
        try Self.expect(
            """
            matched to ScriptedDriver
            deviceAdd
            hardware acquired
            prepareHardware
            enterD0 …
            enterD0 threw: stalled
            (not: exitD0)
            start failed
            releaseHardware
            power-managed queues purged
            (not: flushSelfManagedIO, because it was never initialized)
            hardware closed
            restart refused
            """, throwing: .stalled, from: .enterD0
        ) { bench, plug in
            await plug.unplug()
            await bench.journal.wait(for: .disposed)
            try same(
                Array(bench.journal.lines().suffix(3)),
                ["surpriseRemoval", "all queues purged", "disposed"], "the end of a failed device")
        }
    }

    @Test("PNP-13, PNP-16: a failed release after a failed entry changes nothing")
    func enterD0AndReleaseFail() throws {
        let fail: Script.Step = { _ throws(DeviceError) in throw DeviceError(.failed) }
        let script = Script([.enterD0: fail, .releaseHardware: fail])
        try onBench(script, options: Self.withoutRestart) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .restartRefused)
            try same(
                Array(bench.journal.lines().suffix(6)),
                [
                    "start failed", "releaseHardware …", "releaseHardware threw: failed",
                    "power-managed queues purged", "hardware closed", "restart refused",
                ], "steps")
            try same(bench.journal.errors.count, 2, "errors")
        }
    }

    @Test(
        "DRV-8, DEV-2, SEED-1, SEED-6: without callbacks a driver does power and PnP right"
    )
    func noCallbacks() throws {
        try onBench(drivers: [BareDriver.self]) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            await plug.unplug()
            await bench.journal.wait(for: .disposed)
            try bench.journal.expect(
                Self.pnp1.replacing("ScriptedDriver", with: "BareDriver") + "\n"
                    + DepartureTests.pnp8)
            try same(bench.journal.errors, [], "errors")
        }
    }
}

/// The least driver there can be, with an interface so that there is something to enable.
private actor BareDriver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) {
        self.device = device
        device.register(.gadget)
    }
}
