/// All mutants, each hunted until something kills it, and what is to be said of the rest.
package struct Survey: Sendable {
    private let tables: Tables
    private let hunts: [MutantHunt]
    private let equivalence: Equivalence

    package enum Result: Sendable {
        case killed(Rule)
        case equivalent(Equivalence.Reason)
        case survived
    }

    /// The first hunt is for all; the others look with more of a part of what comes from outside.
    package init(_ tables: Tables) {
        self.tables = tables
        let small = Life(outside: 1, failures: 1)
        let starts: [(Scope, Life)] = [
            (.everything, Life(outside: 1, failures: 1)),
            (.plugAndPlay, Life(outside: 2, failures: 1)),
            (.power, Life(outside: 2, failures: 0)),
            (.power, Life(outside: 2, failures: 1, isIdleEnabled: false)),
        ]
        hunts = starts.map { scope, start in
            var tables = tables
            tables.scope = scope
            return MutantHunt(tables, from: start, small: small)
        }
        var isUsed = [Bool](repeating: false, count: tables.rows.count)
        for hunt in hunts {
            for (row, uses) in hunt.exploration.uses.enumerated() where uses > 0 {
                isUsed[row] = true
            }
        }
        equivalence = Equivalence(tables, isUsed: isUsed)
    }

    package var mutants: [Mutant] { hunts[0].mutants() }

    package func result(of mutant: Mutant) -> Result {
        if case .killed(let rule) = hunts[0].verdict(on: mutant) { return .killed(rule) }
        if let reason = equivalence.reason(for: mutant) { return .equivalent(reason) }
        for hunt in hunts.dropFirst() {
            if case .killed(let rule) = hunt.verdict(on: mutant) { return .killed(rule) }
        }
        let small = Life(outside: 1, failures: 1)
        let isEndless = Endlessness.isPossible(in: tables.mutated(by: mutant), from: small)
        return isEndless ? .killed(.endlessRun) : .survived
    }

    /// On `count` threads; in the mutants' order.
    package func results(of mutants: [Mutant], on count: Int) async -> [Result] {
        await withTaskGroup(of: [(Int, Result)].self) { group in
            for part in 0..<count {
                group.addTask { @concurrent in
                    stride(from: part, to: mutants.count, by: count).map {
                        ($0, result(of: mutants[$0]))
                    }
                }
            }
            var results = [Result](repeating: .survived, count: mutants.count)
            for await part in group { for (index, result) in part { results[index] = result } }
            return results
        }
    }
}
