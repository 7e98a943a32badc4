import DriverFoundation
import DriverRuntime
import DriverSimulation

/// Where a storm's nights come from.
final class StormSleep: SleepSource {
    private let handler: LoopConfined<(@Sendable (SystemSleep) async -> Void)?>

    init(_ run: StormRun) { handler = LoopConfined(on: run.simulation.loop, nil) }

    func begin(_ handler: @escaping @Sendable (SystemSleep) async -> Void) async {
        self.handler.value = handler
    }

    func end() async { handler.value = nil }

    /// Returns when it is acknowledged; `false` when nobody hears it any more.
    func say(_ sleep: SystemSleep) async -> Bool {
        guard let handler = handler.value else { return false }
        await handler(sleep)
        return true
    }
}

/// The system falls asleep and wakes, at any time, and sometimes wakes before it slept.
actor StormNight {
    private let run: StormRun
    private let source: StormSleep
    private let scope: Scope
    private var dice: Dice
    private var number = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe scope.asUnownedSerialExecutor()
    }

    init(_ run: StormRun, _ source: StormSleep) {
        self.run = run
        self.source = source
        scope = run.simulation.scope(named: "night")
        dice = run.split()
    }

    nonisolated func start() -> Task<Void, Never> {
        scope.task { [self] in await act() }
    }

    private func act() async {
        let clock = run.simulation.clock
        while !run.isEnding {
            var dice = dice.split()
            await clock.wait(for: dice.moment(upTo: 400))
            number += 1
            guard !run.isEnding, run.makes("night.\(number)") else { continue }
            run.log("night")
            if dice.chance(20) {
                // It wakes before all have said that they sleep.
                let falling = scope.task { [source] in _ = await source.say(.falling) }
                await clock.wait(for: dice.moment(upTo: 40))
                _ = await source.say(.awake)
                await falling.value
            } else {
                let awake = run.awake
                guard await source.say(.falling) else { return }
                run.log("asleep")
                run.checkSleep(of: awake)
                await clock.wait(for: dice.moment(upTo: 80))
            }
            run.log("morning")
            _ = await source.say(.awake)
        }
    }
}

extension StormRun {
    /// The devices that are in D0, and how often they have left it.
    var awake: [Int: Int] {
        var awake: [Int: Int] = [:]
        for (place, life) in lives.enumerated() where life.isInD0 { awake[place] = life.exits }
        return awake
    }

    /// PNP-5: the system sleeps when every device has left D0.
    func checkSleep(of awake: [Int: Int]) {
        for (place, exits) in awake.sorted(by: { $0.key < $1.key })
        where lives[place].isInD0 && lives[place].exits == exits {
            violate("\(lives[place].name): in D0 when the system sleeps (PNP-5)")
        }
    }

    /// What is left on `device` when all is calm: nobody who has gone needs it, it is in D0 when
    /// somebody does, and sleeps when nobody does and it may.
    func checkPower(of device: Device) {
        guard let life = life(of: device), life.isWorking, !device.isGone else { return }
        let report = device.idleReport
        let left = report.holders.filter { $0.name == "storm" || $0.name.hasPrefix("a ") }
        let who = left.map(\.name).joined(separator: ", ")
        if !left.isEmpty, !device.children.contains(where: { who.contains($0.name) }) {
            violate("\(life.name): still claimed by \(who) (WAKE-2)")
        }
        if life.references != 0 { violate("\(life.name): \(life.references) claims left") }
        let policy = device.machineReports.first { $0.machine == .powerPolicy }
        if policy?.state == "d0", life.mayBeSuspended {
            violate("\(life.name): in D0 with leave to suspend (WAKE-7)")
        }
        // WAKE-9: who never idles, and was told to go down, stays there until somebody asks for it.
        let isUp = !report.settings.isEnabled && !life.isSentDown
        let mustWork = !report.holders.isEmpty || isUp
        if mustWork, !report.isInD0 {
            let holders = report.holders.map(\.name).joined(separator: ", ")
            violate("\(life.name): not in D0 (WAKE-2), though [\(holders)] or never idle")
        }
        if !mustWork, report.settings.isEnabled, report.isInD0, !life.isRefusedSuspend {
            violate("\(life.name): idle, and in D0 (WAKE-1)")
        }
    }
}
