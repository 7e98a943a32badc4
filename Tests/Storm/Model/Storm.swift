import DriverFoundation
package import DriverRuntime
import DriverSimulation
import Logging
import ToasterDriver
import VirtualUSB

/// What a storm found wrong.
package struct StormViolation: Error, CustomStringConvertible {
    /// A sentence each.
    package let problems: [String]
    /// The log, where the simulation's own error does not bring it.
    package var lines: [String] = []
    package var description: String { problems.joined(separator: "; ") }
}

/// Everything at once, from a seed: devices that come and go, drivers that wait and fail, clients
/// that change their minds, and the account of it all at the end.
package enum Storm {
    /// What one seed came to.
    package struct Outcome: Sendable {
        package var trace: UInt64 = 0
        package var lines: [String] = []
        package var steps = 0
        package var requests = 0
        package var marks: [Mark: Int] = [:]
    }

    package static func run(
        seed: UInt64, planted: Set<PlantedFault> = [], isVerbose: Bool = false
    ) throws -> Outcome {
        try run(StormCase(seed: seed), planted: planted, isVerbose: isVerbose)
    }

    /// `began` is told each move before it is made.
    package static func run(
        _ storm: StormCase, planted: Set<PlantedFault> = [], isVerbose: Bool = false,
        began: @escaping (String) -> Void = { _ in }
    ) throws -> Outcome {
        let seed = storm.seed
        var options = Simulation.Options()
        options.timeLimit = .seconds(600)
        options.stepLimit = 400_000
        options.planted = planted
        // In a third of the seeds code takes time, so that deadlines overtake what is ready.
        if seed % 3 == 2 { options.longestStep = .microseconds(seed % 2 == 0 ? 20 : 1000) }
        let keep = Keep()
        keep.began = began
        let outcome = try Simulation.run(seed: storm.schedule, options: options) { simulation in
            var dice = Dice(seed: seed)
            let run = StormRun(
                simulation, storm, dice.split(), isVerbose: isVerbose, began: keep.began)
            keep.run = run
            run.register()
            defer { run.unregister() }
            await self.storm(run, dice)
            // Longer than any deadline: whatever is still armed then was forgotten.
            await simulation.clock.wait(for: .seconds(20))
            run.check()
            if !run.violations.isEmpty { throw StormViolation(problems: run.violations) }
        }
        guard let run = keep.run else { return Outcome() }
        // Tasks have let go of what they held only when the run is over.
        if !run.survivors.isEmpty {
            throw StormViolation(
                problems: [
                    "seed \(seed): alive at the end: " + run.survivors.joined(separator: ", ")
                ],
                lines: outcome.lines)
        }
        return Outcome(
            trace: outcome.trace, lines: outcome.lines, steps: outcome.steps,
            requests: run.requests.count, marks: outcome.marks)
    }

    /// Read by the thread that wrote it, after the simulation.
    private final class Keep: @unchecked Sendable {
        var run: StormRun?
        var began: (String) -> Void = { _ in }
    }

    /// One try of a shrinking storm, in this process.
    package static func attempt(
        _ storm: StormCase, planted: Set<PlantedFault> = []
    ) -> StormShrinker.Attempt {
        var attempt = StormShrinker.Attempt(failure: nil, moves: [], milliseconds: longest)
        let moves = Moves()
        do { _ = try run(storm, planted: planted, began: { moves.all.append($0) }) } catch {
            attempt.failure = sentence(of: error)
        }
        attempt.moves = moves.all
        return attempt
    }

    private final class Moves { var all: [String] = [] }

    /// What went wrong, without the log.
    package static func sentence(of error: any Error) -> String {
        guard let error = error as? SimulationError else { return "\(error)" }
        guard case .body(let cause) = error.reason else { return "\(error.reason)" }
        return "\(cause)"
    }

    /// The longest time that a storm lasts before it calms, in milliseconds.
    private static let longest = 1500

    /// Time for everything that was given up to end without anybody's help.
    private static func calm(
        _ run: StormRun, _ hands: [Task<Void, Never>], _ plugAndPlay: PlugAndPlay
    ) async {
        for hand in hands { await hand.value }
        for command in run.commands { await command.value }
        run.isCalm = true
        run.log("calm")
        await tidy(run, plugAndPlay)
        let interfaces = plugAndPlay.interfaces
        let present = interfaces.all(of: .storm) + interfaces.all(of: .toaster)
        run.giveUpRequests(except: Set(present.map(\.id)))
        await run.simulation.clock.wait(for: .seconds(20))
        let since = run.simulation.clock.now.advanced(by: .seconds(-15))
        for number in run.requests.overdue(since: since) {
            run.violate("request \(number) was given up long ago")
        }
        for device in await plugAndPlay.devices() { run.checkPower(of: device) }
    }

    /// Whoever was sent to sleep does not come back without being asked for, and what has failed
    /// does not go by itself.
    private static func tidy(_ run: StormRun, _ plugAndPlay: PlugAndPlay) async {
        let tasks = await plugAndPlay.devices().map { device in
            run.simulation.scope(named: "broom").task {
                if device.isFailed {
                    try? await device.remove()
                } else {
                    try? await device.wakeNow()
                }
            }
        }
        for task in tasks { await task.value }
    }

    private static func storm(_ run: StormRun, _ dice: Dice) async {
        var dice = dice
        let bus = VirtualBus(on: run.simulation.loop)
        var options = PlugAndPlay.Options()
        options.restartsFailedDevices = dice.chance(50)
        options.logger = Logger(label: "storm") { _ in SwiftLogNoOpLogHandler() }
        options.observer = { [run] device, step in run.note(step, of: device) }
        run.hasPower = dice.chance(60)
        let sleep = StormSleep(run)
        options.sleepSource = sleep
        let plugAndPlay = PlugAndPlay(
            on: StormBus(run, bus), drivers: [StormDriver.self, Toaster.self], options: options)
        run.interfaces = plugAndPlay.interfaces
        run.watch(bus, "bus")
        run.watch(plugAndPlay, "Plug and Play")
        do { try await plugAndPlay.start() } catch { return run.violate("\(error)") }
        // A toaster lets a client wait for ever, and what sleeps waits with it.
        run.hasToasters = dice.chance(30) && !run.hasPower
        run.isOrderChecked = true
        var hands: [Task<Void, Never>] = []
        for number in 0..<dice.pick(1...3) {
            let isToaster = run.hasToasters && dice.chance(50)
            let hand = StormHand(run, bus, plugAndPlay, number: number)
            if run.makes(hand.name) { hands.append(hand.start(isToaster: isToaster)) }
        }
        var programs: [Task<Void, Never>] = []
        for number in 0..<dice.pick(1...5) {
            let client = StormClient(run, plugAndPlay.interfaces, number: number)
            if run.makes(client.name) { programs.append(client.start()) }
        }
        if run.hasPower, dice.chance(50), run.makes("night") {
            hands.append(StormNight(run, sleep).start())
        }
        let time = min(dice.pick(50...longest), run.storm.milliseconds ?? longest)
        await run.simulation.clock.wait(for: .milliseconds(time))
        run.isEnding = true
        // Sometimes the bus stops while hands are still at work.
        let isAbrupt = dice.chance(35) && run.makes("abrupt")
        if !isAbrupt { await calm(run, hands, plugAndPlay) }
        run.log("stop")
        await plugAndPlay.stop()
        run.log("stopped")
        for hand in hands { await hand.value }
        for command in run.commands { await command.value }
        for program in programs { await program.value }
        if await !plugAndPlay.devices().isEmpty { run.violate("a device is left") }
        if !plugAndPlay.interfaces.all(of: .storm).isEmpty { run.violate("an interface is left") }
    }
}

extension StormRun {
    fileprivate func check() {
        for number in requests.unequalToOne { violate("request \(number) did not end once") }
        for life in lives where !life.isDisposed { violate("\(life.name) was never disposed of") }
        if waitsForD0 != 0 { violate("\(waitsForD0) waits for D0 have not ended (WAKE-3)") }
        if openFiles != 0 { violate("\(openFiles) files were not closed") }
        interfaces = nil
        let armed = simulation.loop.armedDeadlines
        if armed != 0 { violate("\(armed) deadlines are armed") }
    }
}
