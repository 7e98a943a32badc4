import Testing
import VirtualUSB

@testable import DriverFoundation

/// Golden logs of wake, and of the bus's part in it.
@Suite struct WakeTests {
    static let down = """
        idle
        bus may suspend
        suspendSelfManagedIO
        power-managed queues held
        armWake
        preInterruptsDisabled
        exitD0
        """

    @Test(
        "PNP-4, WAKE-6, WAKE-7, CB-8: a device that wakes itself is armed, triggered and disarmed")
    func wakes() throws {
        try onBench(IdleTests.script(wakes: true, suspends: true)) { bench in
            let (_, gadget) = try await bench.plug()
            await bench.journal.wait(for: .started)
            let driver = try bench.driver
            try check(await !gadget.port.signalResume(), "it may signal although it is awake")
            await bench.clock.wait(for: .seconds(3))
            try check(await gadget.port.signalResume(), "it may not signal")
            await bench.journal.wait(for: .returned(.restartSelfManagedIO))
            try bench.journal.expect(
                [StartTests.pnp1, Self.down].joined(separator: "\n") + "\n" + """
                    resumed by the bus
                    enterD0
                    postInterruptsEnabled
                    wakeTriggered
                    disarmWake
                    power-managed queues started
                    restartSelfManagedIO
                    """)
            try same(
                await driver.notes.suffix(5),
                [
                    "armWake(for: idle)", "exitD0(to: d2)", "enterD0(from: d2)",
                    "wakeTriggered(for: idle)", "disarmWake(for: idle)",
                ],
                "arguments")
        }
    }

    @Test("PNP-4, CB-8: a device that was asked for, and did not wake itself, is only disarmed")
    func asked() throws {
        try onBench(IdleTests.script(wakes: true, suspends: true)) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            await bench.clock.wait(for: .seconds(3))
            try await bench.device.wakeNow()
            try check(!bench.journal.has(.began(.wakeTriggered)), "triggered")
            try check(bench.journal.has(.returned(.disarmWake)), "not disarmed")
        }
    }

    @Test("PNP-4: a device that cannot be armed goes back to D0, and is not disarmed")
    func armFails() throws {
        let script = IdleTests.script(
            wakes: true, suspends: true,
            [
                .armWake: { driver throws(DeviceError) in
                    if driver.notes.filter({ $0.hasPrefix("armWake") }).count == 1 {
                        throw DeviceError(.stalled)
                    }
                }
            ])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            await bench.journal.wait(for: .returned(.restartSelfManagedIO))
            try bench.journal.expect(
                StartTests.pnp1 + "\n" + """
                    idle
                    bus may suspend
                    suspendSelfManagedIO
                    power-managed queues held
                    armWake …
                    armWake threw: stalled
                    preInterruptsDisabled
                    exitD0
                    resumed by the bus
                    enterD0
                    postInterruptsEnabled
                    power-managed queues started
                    restartSelfManagedIO
                    """)
            try check(try bench.device.idleReport.isInD0, "not in D0")
        }
    }

    @Test("WAKE-7, U-17: the bus suspends a device when its driver has taken it down, not before")
    func suspendedLast() throws {
        let script = IdleTests.script(
            suspends: true,
            [
                .exitD0: { driver throws(DeviceError) in
                    _ = try await driver.device.controlRead(.getStatus())
                }
            ])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            await bench.clock.wait(for: .seconds(3))
            try same(try bench.device.state.value.power.state, .dx(.d3), "power")
            let asleep = try bench.device
            do throws(DeviceError) {
                _ = try await asleep.controlRead(.getStatus())
                throw DeviceError(.busy, "a suspended device answered")
            } catch { try same(error.code, .failed, "in its sleep") }
            try await bench.device.wakeNow()
            _ = try await asleep.controlRead(.getStatus())
            try check(bench.journal.has(.resumed), "the bus did not resume it")
        }
    }

    @Test("WAKE-7, U-17: a device that is to wake and that the bus does not suspend stays in D0")
    func refused() throws {
        try onBench(IdleTests.script(wakes: true, suspends: true), drivers: [ScriptedDriver.self]) {
            bench in
            _ = try await bench.bus.plug { Deaf(port: $0) }
            await bench.journal.wait(for: .started)
            await bench.clock.wait(for: .seconds(3))
            let isRefused = bench.journal.steps().contains { step in
                if case .suspendRefused = step { true } else { false }
            }
            try check(isRefused, "granted")
            try check(try bench.device.idleReport.isInD0, "not in D0")
            try check(!bench.journal.has(.began(.exitD0)), "it went down")
        }
    }

    @Test("PNP-8, CB-8: an armed device that is pulled out is disarmed, and not powered up")
    func goneWhileArmed() throws {
        try onBench(IdleTests.script(wakes: true, suspends: true)) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            await bench.clock.wait(for: .seconds(3))
            await plug.unplug()
            await bench.journal.wait(for: .disposed)
            try bench.journal.expect(
                [StartTests.pnp1, Self.down].joined(separator: "\n") + "\n" + """
                    surpriseRemoval
                    disarmWake
                    releaseHardware
                    interfaces disabled
                    power-managed queues purged
                    flushSelfManagedIO
                    hardware closed
                    all queues purged
                    cleanUpSelfManagedIO
                    disposed
                    """)
        }
    }
}

/// The same gadget, which cannot wake its host.
private actor Deaf: VirtualDevice {
    nonisolated let port: DevicePort
    init(port: DevicePort) { self.port = port }
    nonisolated var description: DeviceDescription {
        DeviceDescription(vendor: 0x1209, product: 0x0001, name: "Deaf gadget") {
            Interface(.vendorSpecific) { Endpoint.bulkOut(0x01) }
        }
    }
}
