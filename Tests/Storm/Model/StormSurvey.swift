import DriverFoundation
package import DriverRuntime
import DriverSimulation
import Glibc
import VirtualUSB

/// What many storms came to.
package struct StormSurvey: Sendable {
    package private(set) var seeds = 0
    package private(set) var steps = 0
    package private(set) var requests = 0
    package private(set) var marks: [String: Int] = [:]
    package private(set) var duration = Duration.zero

    /// Every mark that storms must have reached.
    package static let expected =
        (Mark.framework + Mark.queues + Mark.files + Mark.targets + Mark.power
        + Mark.plugAndPlay + Mark.virtualUSB)
        .map(\.name)

    /// Every mistake that storms must find.
    package static let faults =
        PlantedFault.framework + PlantedFault.queues + PlantedFault.remoteTargets
        + PlantedFault.power + PlantedFault.virtualUSB

    /// The mistake called `name`, if there is one.
    package static func planted(_ name: String?) -> Set<PlantedFault> {
        Set(faults.filter { $0.name == name })
    }

    /// The seed that `SIMULATION_SEED` chooses to be run alone.
    package static var chosenSeed: UInt64? { number(in: Simulation.seedVariable) }

    private static func number(in variable: String) -> UInt64? {
        unsafe getenv(variable).flatMap { UInt64(unsafe String(cString: $0)) }
    }

    /// Runs a storm for each seed, twice, and stops at the first that finds something.
    ///
    /// `began` is told each seed before it runs: what traps cannot say which it was.
    package static func run(
        _ seeds: Range<UInt64>, began: (UInt64) -> Void = { _ in }
    ) throws -> StormSurvey {
        var survey = StormSurvey()
        let clock = ContinuousClock()
        let start = clock.now
        for seed in seeds {
            began(seed)
            let outcome = try Storm.run(seed: seed)
            let again = try Storm.run(seed: seed)
            guard outcome.trace == again.trace, outcome.lines == again.lines else {
                throw StormViolation(problems: ["seed \(seed): two runs differ"])
            }
            survey.add(outcome)
        }
        survey.duration = clock.now - start
        return survey
    }

    /// Runs storms in which the framework makes a mistake, until one finds it, and ends the
    /// process: as a failure if it was found. A mistake may also end the process by a trap, hence a
    /// process for each. Prints the number of storms so far before each.
    package static func search(for name: String, in seeds: Range<UInt64>) {
        guard let fault = faults.first(where: { $0.name == name }) else { return }
        for seed in seeds {
            print(seed + 1 - seeds.lowerBound)
            fflush(nil)
            do { _ = try Storm.run(seed: seed, planted: [fault]) } catch { exit(1) }
        }
    }

    private mutating func add(_ outcome: Storm.Outcome) {
        seeds += 1
        steps += outcome.steps
        requests += outcome.requests
        for (mark, count) in outcome.marks { marks[mark.name, default: 0] += count }
    }

    /// Marks that no seed reached.
    package var unreached: [String] { Self.expected.filter { marks[$0, default: 0] == 0 } }

    /// What it came to, and how often each mark was reached.
    package var report: [String] {
        let seconds =
            Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
        let rate = Int(Double(2 * seeds) / max(seconds, 0.001))
        return [
            "\(seeds) seeds, each twice: \(steps) steps, \(requests) requests, "
                + "\(rate) runs a second"
        ] + Self.expected.map { "mark \(marks[$0, default: 0]) \($0)" }
    }
}
