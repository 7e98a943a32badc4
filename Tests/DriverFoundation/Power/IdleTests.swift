import Testing
import VirtualUSB

@testable import DriverFoundation

/// Golden logs of idling, on a bus that does not suspend unless said otherwise.
@Suite struct IdleTests {
    /// A driver that idles after two seconds.
    static func script(
        wakes: Bool = false, suspends: Bool = false, _ steps: [DriverCallback: Script.Step] = [:]
    ) -> Script {
        let add: Script.Step = { driver throws(DeviceError) in
            var settings = IdleSettings()
            settings.isEnabled = true
            settings.timeout = .seconds(2)
            settings.wakes = wakes
            settings.suspends = suspends
            try driver.device.setIdle(settings, by: .driver)
        }
        return Script(steps.merging([.deviceAdd: add]) { $1 })
    }

    /// PNP-2, to a state from which the device returns.
    static let down = """
        idle
        suspendSelfManagedIO
        power-managed queues held
        preInterruptsDisabled
        exitD0
        """
    /// PNP-1 from D0Entry on: no Prepare, and a Restart in place of the Init.
    static let up = """
        enterD0
        postInterruptsEnabled
        power-managed queues started
        restartSelfManagedIO
        """

    @Test("PNP-3, CB-2, WAKE-1: an idle device leaves D0, and comes back when it is asked for")
    func idle() throws {
        try onBench(Self.script()) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let (driver, device) = (try bench.driver, try bench.device)
            await bench.clock.wait(for: .seconds(3))
            try same(device.state.value.power.state, .dx(.d3), "power")
            try await device.wakeNow()
            try bench.journal.expect([StartTests.pnp1, Self.down, Self.up].joined(separator: "\n"))
            try same(
                await driver.notes,
                ["enterD0(from: d3Final)", "exitD0(to: d3)", "enterD0(from: d3)"], "arguments")
            try await device.remove()
            try same(bench.journal.errors, [], "errors")
        }
    }

    @Test(
        "WAKE-2, GAP-14: while anybody needs a device it does not idle; then the time runs"
    )
    func references() throws {
        try onBench(Self.script()) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            let first = device.stopIdling(for: "the first")
            await bench.clock.wait(for: .seconds(1))
            let second = device.stopIdling(for: "the second")
            try same(
                device.idleReport.holders,
                [
                    .init(name: "the first", age: .seconds(1)),
                    .init(name: "the second", age: .zero),
                ],
                "holders")
            first.end()
            await bench.clock.wait(for: .seconds(9))
            try check(!bench.journal.has(.idleTimeout), "it idles")
            second.end()
            await bench.clock.wait(for: .milliseconds(1999))
            try check(!bench.journal.has(.idleTimeout), "it idles too early")
            await bench.clock.wait(for: .milliseconds(2))
            try check(bench.journal.has(.idleTimeout), "it does not idle")
            try same(device.idleReport.holders, [], "holders")
        }
    }

    @Test("WAKE-3: withD0 brings the device back, waits for D0, and keeps it there")
    func withD0() throws {
        try onBench(Self.script([.restartSelfManagedIO: { await $0.valve.pass() }])) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            await bench.clock.wait(for: .seconds(3))
            try check(!device.idleReport.isInD0, "in D0")
            async let ran: Bool = device.withD0(for: "a test") { () throws(DeviceError) in
                let isInD0 = device.idleReport.isInD0
                await device.clock.wait(for: .seconds(10))
                return isInD0 && device.idleReport.isInD0
            }
            await bench.journal.wait(for: .began(.restartSelfManagedIO))
            await bench.settle()
            bench.valve.open()
            try check(try await ran, "it ran out of D0")
            await bench.clock.wait(for: .seconds(3))
            try check(!device.idleReport.isInD0, "it stays in D0")
        }
    }

    @Test("WAKE-3, PNP-17: whoever waits for D0 is told when it cannot be reached")
    func powerUpFails() throws {
        let script = Self.script([
            .enterD0: { driver throws(DeviceError) in
                if driver.notes.count > 1 { throw DeviceError(.transport) }
            }
        ])
        try onBench(script, options: StartTests.withoutRestart) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            await bench.clock.wait(for: .seconds(3))
            try same(
                await code { try await device.withD0 { () throws(DeviceError) in } },
                .invalidDeviceState, "withD0")
            await bench.journal.wait(for: .restartRefused)
            let last = bench.journal.lines().drop { $0 != "enterD0 …" }.joined(separator: "\n")
            // No D0Exit: it is not in D0, and is assumed gone.
            try same(
                last,
                """
                enterD0 …
                enterD0 threw: transport error
                failed
                releaseHardware
                interfaces disabled
                power-managed queues purged
                flushSelfManagedIO
                hardware closed
                restart refused
                """, "the end")
        }
    }

    @Test(
        "WAKE-1, WAKE-8, GAP-19: the user decides before the administrator, he before the driver")
    func precedence() throws {
        try onBench(Self.script()) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            var said = IdleSettings()
            said.isEnabled = false
            said.timeout = .seconds(60)
            try device.setIdle(said, by: .administrator)
            try same(device.idleReport.settings.decidedBy, .administrator, "who decides")
            await bench.clock.wait(for: .seconds(100))
            try check(!bench.journal.has(.idleTimeout), "it idles")
            said = IdleSettings()
            said.isEnabled = true
            try device.setIdle(said, by: .user)
            try same(device.idleReport.settings.timeout, .seconds(60), "the time-out")
            await bench.clock.wait(for: .seconds(59))
            try check(!bench.journal.has(.idleTimeout), "it idles too early")
            await bench.clock.wait(for: .seconds(2))
            try check(!device.idleReport.isInD0, "it does not idle")
            // Taken back at run time: a device that idles is brought to D0.
            said.isEnabled = false
            try device.setIdle(said, by: .user)
            await bench.settle()
            try check(device.idleReport.isInD0, "it idles still")
        }
    }

    @Test("VF-47: a callback of power that waits for D0 traps instead of waiting for itself")
    func waitsForItself() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            let script = Script([
                .enterD0: { driver throws(DeviceError) in
                    try await driver.device.withD0 { () throws(DeviceError) in }
                }
            ])
            try onBench(seeds: 0..<1, script) { bench in
                _ = try await bench.plug()
                await bench.settle()
            }
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("WAKE-3: a callback of"))
    }

    @Test("VF-49: a reference to D0 that is given back twice traps, and names its holder")
    func twice() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            try onBench(seeds: 0..<1) { bench in
                _ = try await bench.plug()
                await bench.journal.wait(for: .started)
                let reference = try bench.device.stopIdling(for: "the clumsy one")
                reference.end()
                reference.end()
            }
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("WAKE-3: the clumsy one gives up D0"))
    }

    @Test("WAKE-1: what cannot be is refused, and changes nothing")
    func impossible() throws {
        try onBench(Self.script()) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            let before = device.idleReport.settings
            for change: @Sendable (inout IdleSettings) -> Void in [
                { $0.state = .d0 }, { $0.state = .d3Final }, { $0.timeout = .seconds(-1) },
                {
                    $0.wakes = true
                    $0.state = .d3
                },
            ] {
                var settings = IdleSettings()
                change(&settings)
                let wrong = settings
                try same(
                    await code { try device.setIdle(wrong, by: .user) }, .invalidRequest, "settings"
                )
            }
            try same(device.idleReport.settings, before, "what holds")
        }
    }

    @Test("PNP-6: a removal that was granted keeps the device in D0 until it is cancelled")
    func pendingQuery() throws {
        try onBench(Self.script()) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            await bench.clock.wait(for: .seconds(3))
            try check(!device.idleReport.isInD0, "in D0")
            device.post(PnPMachine.Event.queryRemove)
            await bench.journal.wait(for: .returned(.restartSelfManagedIO))
            await bench.clock.wait(for: .seconds(30))
            try check(device.idleReport.isInD0, "it idles while the query is pending")
            try same(device.idleReport.holders.map(\.name), ["a query that is pending"], "holders")
            device.post(PnPMachine.Event.cancelRemove)
            await bench.clock.wait(for: .seconds(3))
            try check(!device.idleReport.isInD0, "it does not idle")
        }
    }

    @Test("PNP-6: a device that idles is powered up before it is removed; PNP-8: not when gone")
    func removedFromDx() throws {
        for isOrderly in [true, false] {
            try onBench(Self.script()) { bench in
                let (plug, _) = try await bench.plug()
                await bench.journal.wait(for: .started)
                let device = try bench.device
                await bench.clock.wait(for: .seconds(3))
                if isOrderly {
                    try await device.remove()
                    try bench.journal.expect(
                        [
                            StartTests.pnp1, Self.down, "queryRemove", Self.up,
                            RemovalTests.goingDown,
                        ].joined(separator: "\n"))
                } else {
                    await plug.unplug()
                    await bench.journal.wait(for: .disposed)
                    try bench.journal.expect(
                        StartTests.pnp1 + "\n" + Self.down + "\n" + """
                            surpriseRemoval
                            (not: exitD0 once more)
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
                try same(bench.journal.errors, [], "errors")
            }
        }
    }

    @Test("WAKE-9: a device is sent to sleep by command, whoever needs it, and woken by command")
    func suspendNow() throws {
        try onBench { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            let reference = device.stopIdling(for: "a test")
            try await device.suspendNow()
            try check(!device.idleReport.isInD0, "in D0")
            try same(await code { try await device.suspendNow() }, .invalidDeviceState, "twice")
            await bench.clock.wait(for: .seconds(100))
            try check(!device.idleReport.isInD0, "it came back by itself")
            try await device.wakeNow()
            try check(device.idleReport.isInD0, "not in D0")
            reference.end()
            try await device.suspendNow()
            try await device.withD0 { () throws(DeviceError) in }
            try check(device.idleReport.isInD0, "not brought back")
        }
    }

    @Test("GAP-14: a device that is woken again and again for nothing is reported with its waker")
    func wakeLoop() throws {
        try onBench(Self.script()) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            for _ in 0..<6 {
                await bench.clock.wait(for: .seconds(3))
                try await device.withD0(for: "an eager client") { () throws(DeviceError) in }
            }
            await bench.clock.wait(for: .seconds(3))
            try check(bench.journal.has(.wakeLoop("an eager client")), "not noticed")
            try check(bench.journal.errors.contains { $0.contains("an eager client") }, "no report")
        }
    }

    @Test("GAP-14: a device that moves bytes each time it is woken is not reported")
    func usefulWakes() throws {
        try onBench(Self.script()) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            for _ in 0..<12 {
                await bench.clock.wait(for: .seconds(3))
                try await device.withD0 { () throws(DeviceError) in
                    _ = try await device.pipe(0x01).write([1])
                }
            }
            try same(bench.journal.errors, [], "errors")
        }
    }
}
