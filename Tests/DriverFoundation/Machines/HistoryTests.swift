import CAllocationCount
import Testing
import VirtualUSB

@testable import DriverFoundation

/// What machines keep of what they did last, and who is told of it while it happens.
@Suite struct HistoryTests {
    @Test("ENG-4: a machine keeps the last eight events that it took, and what came of each")
    func ring() {
        var run = MachineRun<PnPMachine>(.created)
        #expect(MachineReport(.plugAndPlay, run).description == "plugAndPlay is created")
        for event in [.add, .remove, .deviceAdded] as [PnPMachine.Event] {
            run.post(event)
            while run.next() != nil {}
        }
        #expect(
            MachineReport(.plugAndPlay, run).description
                == "plugAndPlay is waitingForChildren after add → addingDevice, remove kept, "
                + "deviceAdded → initialized, remove → waitingForChildren")
        for _ in 0..<4 { run.post(.start) }
        run.post(.childrenRemoved)
        run.post(.queuesPurged)
        while run.next() != nil {}
        let report = MachineReport(.plugAndPlay, run)
        #expect(report.state == "cleaningUpSelfManagedIO")
        #expect(
            report.turns.map(\.description) == [
                "deviceAdded → initialized", "remove → waitingForChildren", "start", "start",
                "start", "start", "childrenRemoved → purgingQueues",
                "queuesPurged → cleaningUpSelfManagedIO",
            ])
    }

    @Test("ENG-4: a report says what waits for the next state, and spells values out shortly")
    func kept() {
        var run = MachineRun<PowerPolicyMachine>(.created)
        run.post(.start)
        run.post(.systemSleep(wakes: true))
        while run.next() != nil {}
        #expect(
            MachineReport(.powerPolicy, run).description
                == "powerPolicy is starting, keeps systemSleep(wakes:true) after start → starting, "
                + "systemSleep(wakes:true) kept")
        #expect(
            machineText(PnPMachine.State.goingDown(.stop(restarts: true)))
                == "goingDown(stop(restarts:true))")
    }

    @Test(
        "ENG-4: what is kept of events is written without allocation",
        .enabled(if: allocation_count_works()))
    func allocations() {
        var ring = EventRing<PowerPolicyMachine>()
        func note(_ count: Int) {
            for number in 0..<count {
                let isSleep = number % 2 == 0
                ring.note(
                    EventRing.Turn(
                        isSleep ? .systemSleep(wakes: true) : .resume(powersIdle: false), .later))
            }
        }
        note(100)
        let before = allocation_count()
        note(10_000)
        #expect(allocation_count() == before)
        #expect(ring.last.count == 8)
    }

    @Test(
        "ENG-4, DEV-13: a change is told as a state is left, as one is entered, and after that"
    )
    func moments() throws {
        let told = Told()
        var options = PlugAndPlay.Options()
        options.stateObserver = { device, change in
            guard change.machine == .power else { return }
            told.lines.append("\(change)")
            let present = machineText(device.state.value.power.state)
            told.isRight =
                told.isRight && present == (change.moment == .leaving ? change.from : change.to)
        }
        try onBench(seeds: 0..<1, options: options) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
        }
        #expect(told.isRight)
        let changes = told.lines.filter { $0.hasPrefix("power: ") }
        #expect(
            changes.prefix(6) == [
                "power: leaves off for waitingForParent(start)",
                "power: off → waitingForParent(start)",
                "power: is waitingForParent(start) after off",
                "power: leaves waitingForParent(start) for enteringD0(start)",
                "power: waitingForParent(start) → enteringD0(start)",
                "power: is enteringD0(start) after waitingForParent(start)",
            ])
    }

    @Test("ENG-4: what a state asks for comes between its entering and its after")
    func effects() throws {
        let told = Told()
        var options = PlugAndPlay.Options()
        options.stateObserver = { device, change in
            guard change.machine == .plugAndPlay else { return }
            let isOffered = device.state.value.lifecycle.areInterfacesEnabled
            told.lines.append("\(change), interfaces \(isOffered ? "on" : "off")")
        }
        try onBench(seeds: 0..<1, options: options) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
        }
        let start = told.lines.drop { !$0.contains("leaves startingPolicy") }.prefix(3)
        #expect(
            start == [
                "plugAndPlay: leaves startingPolicy for started, interfaces off",
                "plugAndPlay: startingPolicy → started, interfaces off",
                "plugAndPlay: is started after startingPolicy, interfaces on",
            ])
    }

    @Test("ENG-4, CB-12: a driver is told at the moments that it asks for")
    func driverMoments() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                try driver.device.onStateChange(
                    of: [.power], at: [.leaving, .after], for: driver
                ) { driver, change in
                    driver.notes.append("\(change)")
                }
            }
        ])
        try onBench(seeds: 0..<1, script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            await bench.settle()
            let notes = try await bench.driver.notes.filter { $0.hasPrefix("power: ") }
            try same(
                Array(notes.prefix(2)),
                [
                    "power: leaves off for waitingForParent(start)",
                    "power: is waitingForParent(start) after off",
                ], "told")
            try check(!notes.contains { $0.contains("→") }, "\(notes)")
        }
    }

    @Test("ENG-4, VF-1: the report of a stuck callback shows what the machines did last")
    func stuck() throws {
        var options = PlugAndPlay.Options()
        options.verifier.callbackLimit = .seconds(60)
        let script = Script([.enterD0: { await $0.valve.pass() }])
        try onBench(script, options: options) { bench in
            _ = try await bench.plug()
            await bench.clock.wait(for: .seconds(61))
            bench.valve.open()
            guard let finding = bench.plugAndPlay.verifier.findings.first else {
                throw Surprise("nothing was found")
            }
            let lines = finding.description.split(separator: "\n").dropFirst()
            let expected = """
                plugAndPlay is startingPolicy after add → addingDevice, start kept, \
                deviceAdded → initialized, start → acquiringHardware(isFirst:true), \
                hardwareAcquired → preparingHardware, hardwarePrepared → startingPolicy
                powerPolicy is starting after start → starting
                power is enteringD0(start) after implicitD0 → waitingForParent(start), \
                parentInD0 → enteringD0(start)
                idle is stopped
                selfManagedIO is created
                """
            try same(
                lines.map { String($0.drop { $0 == " " }) }.joined(separator: "\n"), expected,
                "the machines")
        }
    }

    @Test("ENG-4, PNP-19: the report of a failed device shows what brought it there")
    func failed() throws {
        try onBench(options: StartTests.withoutRestart) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            device.setFailed(restarts: false)
            await bench.journal.wait(for: .restartRefused)
            let text = bench.journal.warnings.first ?? "no warning"
            try check(text.contains("has failed; its machines:"), text)
            try check(text.contains("plugAndPlay is goingDown(failure) after"), text)
            try check(text.contains("setFailed → goingDown(failure)"), text)
            try check(text.contains("    power is d0 after"), text)
            // It goes on being readable afterwards.
            let now = device.machineReports[0].description
            try check(now.hasSuffix("policyRemoved → failed"), now)
        }
    }
}

/// Sendable because a simulation runs on one thread.
private final class Told: @unchecked Sendable {
    var lines: [String] = []
    var isRight = true
}
