import DriverSimulation
import Glibc
import StormModel

// storm FIRST END: each seed from FIRST up to END, twice; the marks at the end.
// storm SEED: one seed, and its log.

let seeds = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }

func fail(_ error: any Error, showing isLogShown: Bool) -> Never {
    let lines = (error as? StormViolation)?.lines ?? (error as? SimulationError)?.lines ?? []
    if isLogShown { for line in lines { print(line) } }
    print(error)
    exit(1)
}

switch seeds.count {
case 1:
    do {
        for line in try Storm.run(seed: seeds[0], isVerbose: true).lines { print(line) }
    } catch { fail(error, showing: true) }
case 2 where seeds[0] < seeds[1]:
    do {
        let survey = try StormSurvey.run(seeds[0]..<seeds[1]) { seed in
            let line = Array("seed \(seed)\n".utf8)
            _ = unsafe write(STDOUT_FILENO, line, line.count)
        }
        for line in survey.report { print(line) }
    } catch { fail(error, showing: false) }
default:
    print("usage: storm FIRST END | storm SEED")
    exit(64)
}
