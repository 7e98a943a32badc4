import DriverRuntime
import StormModel
import Testing

@Suite struct StormTests {
    /// What `swift test` runs; `Tests/run storm` runs more of them.
    static let seeds = 0..<min(StormSurvey.chosenCount ?? enough, enough)
    /// So many reach every mark and find every planted mistake.
    private static let enough: UInt64 = 300
    /// Whether all that is asked of storms can be asked of these.
    private static let areEnough = seeds.upperBound == enough && StormSurvey.chosenSeed == nil

    @Test("GAP-9: storms of plugs, requests, cancels, unplugs leave nothing behind, twice alike")
    func storm() throws {
        if let seed = StormSurvey.chosenSeed {
            for line in try Storm.run(seed: seed, isVerbose: true).lines { print(line) }
            return
        }
        let survey = try StormSurvey.run(Self.seeds)
        for line in survey.report { print(line) }
        if Self.areEnough { #expect(survey.unreached == []) }
    }

    @Test(
        "storms find every planted mistake", .enabled(if: areEnough),
        arguments: StormSurvey.faults.map(\.name))
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
