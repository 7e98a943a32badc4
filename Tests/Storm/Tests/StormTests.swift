import DriverRuntime
import DriverSimulation
import StormModel
import Testing

@Suite struct StormTests {
    /// What `swift test` runs; `Tests/run storm` runs more, which reach every mark and find every
    /// planted mistake.
    static let seeds = Simulation.sample(of: 0..<40)

    @Test("GAP-9: storms of plugs, requests, cancels, unplugs leave nothing behind, twice alike")
    func storm() throws {
        if let seed = StormSurvey.chosenSeed {
            for line in try Storm.run(seed: seed, isVerbose: true).lines { print(line) }
            return
        }
        let survey = try StormSurvey.run(Self.seeds)
        for line in survey.report { print(line) }
        #expect(survey.requests > survey.seeds)
    }

    @Test(
        "storms find a planted mistake, whether it traps or not",
        arguments: ["a purge completes a request twice", "a departure is counted twice"])
    func planted(_ name: String) async throws {
        let result = try await #require(
            processExitsWith: .failure, observing: [\.standardOutputContent]
        ) { [name] in
            StormSurvey.search(for: name, in: StormTests.seeds)
        }
        let output = String(decoding: result.standardOutputContent, as: UTF8.self)
        print("planted: \(name): found after \(output.split(separator: "\n").last ?? "?") storms")
    }
}
