package import DriverRuntime
internal import Glibc

extension Simulation {
    /// The environment variable that makes ``seeds(_:options:_:)`` run one seed alone.
    public static let seedVariable = "SIMULATION_SEED"
    /// The environment variable that makes it run so many seeds of each range at most: a sample,
    /// for runs in which each seed is dear, as under a sanitizer.
    public static let countVariable = "SIMULATION_SEEDS"

    /// What the runs of many seeds came to.
    public struct Survey: Sendable {
        /// How many seeds ran.
        public internal(set) var runs = 0
        /// How many entries ran and turns were made, in all runs.
        public internal(set) var steps = 0
        /// How many different traces there were: few, if the seeds explore little.
        public var distinctTraces: Int { traces.count }
        /// How often each mark was reached, in all runs.
        package internal(set) var marks: [Mark: Int] = [:]

        var traces: Set<UInt64> = []

        mutating func add(_ outcome: Outcome<Void>) {
            runs += 1
            steps += outcome.steps
            traces.insert(outcome.trace)
            for (mark, count) in outcome.marks { marks[mark, default: 0] += count }
        }

        /// Those of `expected` that no run reached, in that order.
        package func unreached(among expected: [Mark]) -> [Mark] {
            expected.filter { marks[$0, default: 0] == 0 }
        }
    }

    /// Runs `body` once for each seed, and stops at the first that fails.
    ///
    /// With `SIMULATION_SEED` in the environment it runs that seed alone and prints the lines
    /// logged: so a failure is replayed. With `SIMULATION_SEEDS=4` it runs the first four. The body
    /// should throw what it finds wrong (`try #require`), since an expectation that merely records
    /// it leaves the seed unsaid.
    ///
    /// Threading: as ``run(seed:options:_:)``.
    /// - Throws: the first seed's ``SimulationError``.
    @discardableResult
    public static func seeds(
        _ seeds: Range<UInt64>, options: Options = Options(),
        _ body: @escaping @Sendable (Simulation) async throws -> Void
    ) throws(SimulationError) -> Survey {
        var survey = Survey()
        if let seed = number(in: seedVariable) {
            let outcome = try run(seed: seed, options: options, body)
            print("seed \(seed):", outcome.lines.joined(separator: "\n"), separator: "\n")
            survey.add(outcome)
            return survey
        }
        for seed in sample(of: seeds) { survey.add(try run(seed: seed, options: options, body)) }
        return survey
    }

    /// The first of these seeds, as many as the environment allows.
    package static func sample(of seeds: Range<UInt64>) -> Range<UInt64> {
        guard let limit = number(in: countVariable), limit < seeds.count else { return seeds }
        return seeds.lowerBound..<seeds.lowerBound + limit
    }

    /// Whether the environment leaves seeds out: then what takes many to show is not shown.
    package static var leavesSeedsOut: Bool {
        number(in: seedVariable) != nil || number(in: countVariable) != nil
    }

    private static func number(in variable: String) -> UInt64? {
        guard let value = unsafe getenv(variable) else { return nil }
        let text = unsafe String(cString: value)
        guard let number = UInt64(text) else { fatalError("\(variable) is not a number: \(text)") }
        return number
    }
}
