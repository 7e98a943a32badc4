/// What came of all mutants, held against the list of those that may survive.
package struct Account: Sendable {
    private var killed: [Rule: Int] = [:]
    private var equivalent: [Equivalence.Reason: Int] = [:]
    private var listed: [Int: Int] = [:]
    private var unlisted: [String] = []
    private var listedButKilled: [String] = []

    package init() {}

    package mutating func add(_ name: String, _ result: Survey.Result) {
        let line = Survivors.reason(for: name)
        switch result {
        case .killed(let rule):
            killed[rule, default: 0] += 1
            if line != nil { listedButKilled.append("\(name) (\(rule.rawValue))") }
        case .equivalent(let reason): equivalent[reason, default: 0] += 1
        case .survived:
            if let line { listed[line, default: 0] += 1 } else { unlisted.append(name) }
        }
    }

    package var killedCount: Int { killed.values.reduce(0, +) }

    private var unused: [String] {
        Survivors.reasons.indices.filter { listed[$0] == nil }.map { Survivors.reasons[$0].pattern }
    }

    package var isRight: Bool { unlisted.isEmpty && listedButKilled.isEmpty && unused.isEmpty }

    package var lines: [String] {
        let equal = equivalent.values.reduce(0, +)
        let survived = listed.values.reduce(0, +) + unlisted.count
        let total = killedCount + survived
        var lines = [
            "\(killedCount) of \(total) mutants killed, \(survived) survived;"
                + " \(equal) more are none, as the tables show:"
        ]
        for reason in Equivalence.Reason.allCases {
            lines.append("  \(equivalent[reason] ?? 0)  \(reason.rawValue)")
        }
        lines.append("survivors, with their reason:")
        for (index, entry) in Survivors.reasons.enumerated() {
            lines.append("  \(listed[index] ?? 0)  \(entry.pattern): \(entry.reason)")
        }
        lines += unlisted.map { "survivor without a reason: \($0)" }
        lines += listedButKilled.map { "listed as a survivor, and killed: \($0)" }
        lines += unused.map { "listed as a survivor, and is none: \($0)" }
        return lines
    }
}
