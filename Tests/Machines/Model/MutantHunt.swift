/// Looks for each mutant's mistake, from where the tables as they are lead to the row in question.
///
/// What is reachable without that row is the same for a mutant and need not be searched again: the
/// search begins with each move that takes the row, and ends where it comes back to what is known.
package struct MutantHunt: Sendable {
    private struct Source: Sendable {
        let life: Int32
        let move: Move
    }

    private let tables: Tables
    private let base: Exploration
    /// By row, in the order in which they were found.
    private var sources: [[Source]]
    private let small: Life

    package enum Verdict: Hashable, Sendable {
        case killed(Rule)
        case survived
        /// The search was cut short.
        case undecided
    }

    /// `small` bounds the search for runs without end.
    package init(_ tables: Tables, from start: Life, small: Life) {
        self.tables = tables
        self.small = small
        var base = Exploration(tables)
        base.run(from: start)
        self.base = base
        sources = Array(repeating: [], count: tables.rows.count)
        var engine = Engine(tables)
        var moves: [Move] = []
        var seen = [Int](repeating: -1, count: tables.rows.count)
        var number = 0
        for (index, life) in base.lives.enumerated() {
            life.moves(into: &moves, tables)
            for move in moves {
                var reached = life
                try? reached.make(move, &engine)
                number += 1
                for row in engine.taken where seen[row] != number {
                    seen[row] = number
                    sources[row].append(Source(life: Int32(index), move: move))
                }
            }
        }
    }

    package var exploration: Exploration { base }

    package func mutants() -> [Mutant] {
        Mutant.all(of: tables) { !sources[$0].isEmpty }
    }

    package func verdict(on mutant: Mutant, limit: Int = 50_000) -> Verdict {
        let mutated = tables.mutated(by: mutant)
        var engine = Engine(mutated)
        var lives: [Life] = []
        var visited = VisitedSet()
        var moves: [Move] = []
        var next = 0
        var isCutShort = false
        var unsure: Rule?
        for source in sources[mutant.row] {
            do throws(Rule) {
                try step(base.lives[Int(source.life)], source.move, &engine, &lives, &visited)
                while next < lives.count {
                    let life = lives[next]
                    next += 1
                    life.moves(into: &moves, mutated)
                    if moves.isEmpty, !life.facts.contains(.isDisposed) { throw .deadEnd }
                    for move in moves { try step(life, move, &engine, &lives, &visited) }
                    guard lives.count < limit else {
                        isCutShort = true
                        break
                    }
                }
            } catch {
                if isReachable(source, without: mutant.row) { return .killed(error) }
                unsure = error
            }
            if isCutShort { break }
        }
        if isCutShort || unsure != nil {
            var whole = Exploration(mutated)
            whole.run(from: small, most: 1)
            if let finding = whole.findings.first { return .killed(finding.rule) }
            return .undecided
        }
        return .survived
    }

    private func step(
        _ life: Life, _ move: Move, _ engine: inout Engine, _ lives: inout [Life],
        _ visited: inout VisitedSet
    ) throws(Rule) {
        var reached = life
        try reached.make(move, &engine)
        if !base.knows(reached), visited.insert(reached, lives) { lives.append(reached) }
    }

    /// Whether the mutant gets there as well.
    private func isReachable(_ source: Source, without row: Int) -> Bool {
        var engine = Engine(tables)
        guard var life = base.lives.first else { return false }
        for move in base.path(to: Int(source.life)) {
            guard (try? life.make(move, &engine)) != nil else { return false }
            if engine.taken.contains(row) { return false }
        }
        return true
    }
}

/// A run that never rests, though what comes from outside and what fails is bounded.
package enum Endlessness {
    package static func isPossible(in tables: Tables, from start: Life) -> Bool {
        var engine = Engine(tables)
        var lives = [start]
        var visited = VisitedSet()
        _ = visited.insert(start, [])
        var isOpen = [true]
        var stack: [(life: Int, moves: [Move])] = [(0, start.possible(tables))]
        while let top = stack.last {
            guard let move = top.moves.last else {
                isOpen[top.life] = false
                stack.removeLast()
                continue
            }
            stack[stack.count - 1].moves.removeLast()
            var reached = lives[top.life]
            guard (try? reached.make(move, &engine)) != nil, reached != lives[top.life] else {
                continue
            }
            if let known = visited.number(of: reached, lives) {
                if isOpen[known] { return true }
                continue
            }
            _ = visited.insert(reached, lives)
            stack.append((lives.count, reached.possible(tables)))
            lives.append(reached)
            isOpen.append(true)
        }
        return false
    }
}

extension Life {
    fileprivate func possible(_ tables: Tables) -> [Move] {
        var moves: [Move] = []
        self.moves(into: &moves, tables)
        return moves
    }
}
