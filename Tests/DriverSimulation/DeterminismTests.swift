import DriverRuntime
import DriverSimulation
internal import Glibc
import Testing

/// A run with choices, time, random numbers and a log, for comparing.
@Sendable private func storm(_ simulation: Simulation) async {
    let tasks = (0..<5).map { number in
        simulation.scope(named: "\(number)").task {
            for round in 0..<10 {
                let delay = simulation.random.next(below: 1000)
                await simulation.clock.wait(for: .microseconds(delay))
                simulation.log("\(number) finished round \(round)")
            }
        }
    }
    for task in tasks { await task.value }
    let isOverdrawn = await overdraws(simulation)
    simulation.log(isOverdrawn ? "overdrawn" : "in credit")
}

/// The hash and every line, as text.
private func report(seed: UInt64) throws -> String {
    let outcome = try Simulation.run(seed: seed, storm)
    return ([String(outcome.trace, radix: 16)] + outcome.lines).joined(separator: "\n")
}

@Suite("Simulation: the same seed is the same run") struct DeterminismTests {
    @Test("a seed gives the same trace each time, and seeds give different ones")
    func inOneProcess() throws {
        let reports = try (0..<50).map { try report(seed: $0) }
        for (seed, expected) in reports.enumerated() {
            #expect(try report(seed: UInt64(seed)) == expected)
        }
        #expect(Set(reports).count == 50)
        let survey = try Simulation.seeds(0..<50, storm)
        #expect(survey.distinctTraces == survey.runs)
    }

    @Test("a seed gives the same trace in another process")
    func inAnotherProcess() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent])
        {
            print("<<" + (try report(seed: 7)) + ">>")
        }
        let text = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
        #expect(text.contains("<<" + (try report(seed: 7)) + ">>"))
        #expect(text.contains("round 9"))
    }

    @Test("SIMULATION_SEED runs one seed alone and prints its log")
    func replay() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent])
        {
            unsafe setenv(Simulation.seedVariable, "23", 1)
            let survey = try Simulation.seeds(0..<1000, storm)
            precondition(survey.runs == 1)
        }
        let text = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
        let lines = try Simulation.run(seed: 23, storm).lines
        #expect(text.contains("seed 23:\n" + lines.joined(separator: "\n")))
    }

    @Test("SplitMix64 gives its published numbers, and stays below its bound")
    func generator() {
        var generator = SeededGenerator(seed: 1_234_567)
        #expect(generator.next() == 6_457_827_717_110_365_317)
        #expect(generator.next() == 3_203_168_211_198_807_973)
        var counts = [Int](repeating: 0, count: 6)
        for _ in 0..<6000 { counts[generator.next(below: 6)] += 1 }
        #expect(counts.allSatisfy { $0 > 800 && $0 < 1200 })
    }
}
