import Testing
import VirtualUSB

@testable import DriverFoundation

/// Golden logs of the system's sleep.
@Suite struct SystemSleepTests {
    static let down = IdleTests.down.split(separator: "\n").dropFirst().joined(separator: "\n")

    @Test("PNP-5: a device goes down before the system sleeps, and comes back when it wakes")
    func sleeps() throws {
        try onBench { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            await bench.plugAndPlay.system(.falling)
            try bench.journal.expect([StartTests.pnp1, Self.down].joined(separator: "\n"))
            await bench.clock.wait(for: .seconds(3600))
            await bench.plugAndPlay.system(.awake)
            try bench.journal.expect(
                [StartTests.pnp1, Self.down, IdleTests.up].joined(separator: "\n"))
            try same(
                await bench.driver.notes.suffix(2), ["exitD0(to: d3)", "enterD0(from: d3)"],
                "arguments")
        }
    }

    @Test("PNP-5, WAKE-4, WAKE-5: a device that may wake the system is armed for just that")
    func armed() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                var settings = IdleSettings()
                settings.wakesSystem = true
                try driver.device.setIdle(settings, by: .driver)
            }
        ])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            await bench.plugAndPlay.system(.falling)
            await bench.plugAndPlay.system(.awake)
            try bench.journal.expect(
                StartTests.pnp1 + "\n" + """
                    suspendSelfManagedIO
                    power-managed queues held
                    armWake
                    preInterruptsDisabled
                    exitD0
                    enterD0
                    postInterruptsEnabled
                    disarmWake
                    power-managed queues started
                    restartSelfManagedIO
                    """)
            try check(
                try await bench.driver.notes.contains("armWake(for: systemSleep)"), "another reason"
            )
        }
    }

    @Test("WAKE-5, PNP-5, CB-8: a device that woke the system is told so in D0, before the disarm")
    func wokeTheSystem() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                var settings = IdleSettings()
                settings.wakesSystem = true
                try driver.setIdle(settings)
            }
        ])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let (device, driver) = (try bench.device, try bench.driver)
            await bench.plugAndPlay.system(.falling)
            device.state.value.parts.wakeSignalled?()
            await bench.settle()
            try check(!device.idleReport.isInD0, "it comes back before the system")
            await bench.plugAndPlay.system(.awake)
            try same(
                await driver.notes.suffix(5),
                [
                    "armWake(for: systemSleep)", "exitD0(to: d2)", "enterD0(from: d2)",
                    "wakeTriggered(for: systemSleep)", "disarmWake(for: systemSleep)",
                ], "told")
            let back = bench.journal.lines().drop { $0 != "exitD0" }.dropFirst()
            try same(
                back.joined(separator: "\n"),
                """
                enterD0
                postInterruptsEnabled
                wakeTriggered
                disarmWake
                power-managed queues started
                restartSelfManagedIO
                """, "the way back")
        }
    }

    @Test("PNP-5: an idle device that wakes nothing stays down over the system's sleep")
    func staysIdle() throws {
        for powersUp in [false, true] {
            try onBench(IdleTests.script()) { bench in
                _ = try await bench.plug()
                await bench.journal.wait(for: .started)
                var settings = IdleSettings()
                settings.powersUpWithSystem = powersUp
                try bench.device.setIdle(settings, by: .user)
                await bench.clock.wait(for: .seconds(3))
                await bench.plugAndPlay.system(.falling)
                await bench.plugAndPlay.system(.awake)
                try same(try bench.device.idleReport.isInD0, powersUp, "in D0")
            }
        }
    }

    @Test(
        "PNP-5: an idle device that is armed for itself is brought to D0 before the system sleeps")
    func rearmed() throws {
        try onBench(IdleTests.script(wakes: true, suspends: true)) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            await bench.clock.wait(for: .seconds(3))
            await bench.plugAndPlay.system(.falling)
            try bench.journal.expect(
                [StartTests.pnp1, WakeTests.down].joined(separator: "\n") + "\n" + """
                    resumed by the bus
                    enterD0
                    postInterruptsEnabled
                    disarmWake
                    power-managed queues started
                    restartSelfManagedIO
                    """ + "\n" + Self.down)
        }
    }

    @Test("PNP-5: the system does not sleep before a device that is starting, and wakes meanwhile")
    func duringStart() throws {
        try onBench(Script([.enterD0: { await $0.valve.pass() }])) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .began(.enterD0))
            async let asleep: Void = bench.plugAndPlay.system(.falling)
            await bench.settle()
            bench.valve.open()
            await asleep
            try check(try !bench.device.idleReport.isInD0, "in D0")
            await bench.plugAndPlay.system(.awake)
            try check(try bench.device.idleReport.isInD0, "not in D0")
        }
    }

    @Test("PNP-5, GAP-14: a system that sleeps often is no loop of its devices' waking")
    func oftenIsNoLoop() throws {
        try onBench { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            for _ in 0..<(2 * WakeLoop.limit) {
                await bench.plugAndPlay.system(.falling)
                await bench.plugAndPlay.system(.awake)
            }
            try same(bench.journal.errors, [], "errors")
        }
    }

    @Test("PNP-5: a sleep source is told of the acknowledgement, and no more after the end")
    func source() throws {
        let source = ScriptedSleep()
        var options = PlugAndPlay.Options()
        options.sleepSource = source
        try onBench(seeds: 0..<1, options: options) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            await source.say(.falling)
            try check(bench.journal.has(.returned(.exitD0)), "acknowledged too early")
            await source.say(.awake)
            try check(try bench.device.idleReport.isInD0, "not in D0")
        }
    }
}

/// Says what its test says.
///
/// Sendable because a simulation runs on one thread.
final class ScriptedSleep: SleepSource, @unchecked Sendable {
    private var handler: (@Sendable (SystemSleep) async -> Void)?
    func begin(_ handler: @escaping @Sendable (SystemSleep) async -> Void) async {
        self.handler = handler
    }
    func end() async { handler = nil }
    func say(_ sleep: SystemSleep) async { await handler?(sleep) }
}
