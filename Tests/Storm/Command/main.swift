import DriverSimulation
import Glibc
import StormModel

/// storm FIRST END [FAULT]
let arguments = CommandLine.arguments
guard arguments.count >= 3, let first = UInt64(arguments[1]), let end = UInt64(arguments[2]),
    first < end
else {
    print("usage: storm FIRST END")
    exit(64)
}
var steps = 0
var requests = 0
let clock = ContinuousClock()
let start = clock.now
for seed in first..<end {
    do {
        let outcome = try Storm.run(seed: seed, isVerbose: end - first == 1)
        if end - first == 1 { for line in outcome.lines { print(line) } }
        steps += outcome.steps
        requests += outcome.requests
    } catch {
        if end - first == 1 {
            let lines = (error as? StormViolation)?.lines ?? (error as? SimulationError)?.lines
            for line in lines ?? [] { print(line) }
        }
        print("seed \(seed): \(error)")
        exit(1)
    }
}
print("\(end - first) seeds, \(steps) steps, \(requests) requests in \(clock.now - start)")
