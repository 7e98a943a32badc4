import MachineModel

/// What is checked, printed as cases; whether any has failed.
struct Checks {
    private(set) var hasFailed = false
    private let clock = ContinuousClock()
    private let tables = Tables()
    private var uses: [Int] = []

    /// True when all have passed.
    static func run(isDeep: Bool) async -> Bool {
        var checks = Checks()
        if isDeep {
            checks.explore(.everything, outside: 3, failures: 1)
            checks.explore(.plugAndPlay, outside: 4, failures: 0)
        } else {
            checks.explore(.everything, outside: 2, failures: 1)
            checks.explore(.plugAndPlay, outside: 3, failures: 0)
            checks.explore(.power, outside: 3, failures: 0)
            checks.lookForEndlessness()
            checks.showDeadRows()
            await checks.huntMutants()
        }
        return !checks.hasFailed
    }

    private init() { uses = Array(repeating: 0, count: tables.rows.count) }

    private func seconds(since start: ContinuousClock.Instant) -> String {
        let milliseconds = (clock.now - start) / .milliseconds(1)
        return "\((milliseconds / 100).rounded() / 10) s"
    }

    mutating func explore(_ scope: Scope, outside: Int, failures: Int) {
        let start = clock.now
        var scoped = tables
        scoped.scope = scope
        var exploration = Exploration(scoped)
        exploration.run(from: Life(outside: outside, failures: failures))
        for (row, count) in exploration.uses.enumerated() { uses[row] += count }
        for finding in exploration.findings { print(finding) }
        if exploration.isCutShort { print("not all was explored") }
        let isRight = exploration.findings.isEmpty && !exploration.isCutShort
        hasFailed = hasFailed || !isRight
        print(
            "case \(scope)-\(outside)-\(failures) \(isRight ? "pass" : "fail broken rules")",
            "(\(exploration.states) states, \(exploration.transitions) transitions,",
            "\(exploration.ends) ends, \(seconds(since: start)))")
    }

    mutating func lookForEndlessness() {
        let isEndless = Endlessness.isPossible(in: tables, from: Life(outside: 1, failures: 1))
        hasFailed = hasFailed || isEndless
        print("case every-run-ends \(isEndless ? "fail a run goes round for ever" : "pass")")
    }

    /// What no exploration has taken, but for the values that states and events carry.
    mutating func showDeadRows() {
        let dead = DeadRows.names(in: tables, uses: uses)
        for name in dead { print("dead: \(name)") }
        hasFailed = hasFailed || !dead.isEmpty
        print("case no-dead-entry \(dead.isEmpty ? "pass" : "fail \(dead.count) entries")")
    }

    mutating func huntMutants() async {
        let start = clock.now
        let survey = Survey(tables)
        let mutants = survey.mutants
        var account = Account()
        for (mutant, result) in zip(mutants, await survey.results(of: mutants, on: 2)) {
            account.add(mutant.name(in: tables), result)
        }
        for line in account.lines { print(line) }
        hasFailed = hasFailed || !account.isRight
        print(
            "case mutants \(account.isRight ? "pass" : "fail see above")",
            "(\(mutants.count) in \(seconds(since: start)))")
    }
}
