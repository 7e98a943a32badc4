/// Breadth-first search through everything that can happen: each state of the model once, with the
/// shortest way to whatever breaks a rule.
package struct Exploration: Sendable {
    package struct Finding: CustomStringConvertible, Sendable {
        package let rule: Rule
        package let path: [String]
        package let state: String
        package var description: String {
            "\(rule.rawValue)\n  after \(path.joined(separator: ", "))\n  in \(state)"
        }
    }

    private var engine: Engine
    package private(set) var lives: [Life] = []
    private var origins: [(from: Int32, move: Move)] = []
    private var visited = VisitedSet()

    package private(set) var transitions = 0
    package private(set) var ends = 0
    package private(set) var findings: [Finding] = []
    /// Whether the limit came before the end.
    package private(set) var isCutShort = false
    /// How often each row of the tables was taken.
    package private(set) var uses: [Int]

    package init(_ tables: Tables) {
        engine = Engine(tables)
        uses = Array(repeating: 0, count: tables.rows.count)
    }

    package var states: Int { lives.count }

    /// Everything from `start` on, until `limit` states are known or so many rules are broken.
    package mutating func run(from start: Life, limit: Int = 100_000_000, most: Int = 10) {
        add(start, from: -1, Move(.add))
        var moves: [Move] = []
        var next = 0
        while next < lives.count, findings.count < most, lives.count < limit {
            let life = lives[next]
            life.moves(into: &moves, engine.tables)
            if moves.isEmpty {
                ends += 1
                if !life.facts.contains(.isDisposed) { report(.deadEnd, next, nil) }
            }
            for move in moves {
                transitions += 1
                var reached = life
                do throws(Rule) {
                    try reached.make(move, &engine)
                    add(reached, from: next, move)
                } catch { report(error, next, move) }
                for row in engine.taken { uses[row] += 1 }
            }
            next += 1
        }
        isCutShort = lives.count >= limit
    }

    private mutating func add(_ life: Life, from: Int, _ move: Move) {
        guard visited.insert(life, lives) else { return }
        lives.append(life)
        origins.append((Int32(from), move))
    }

    func knows(_ life: Life) -> Bool { visited.number(of: life, lives) != nil }

    private mutating func report(_ rule: Rule, _ number: Int, _ last: Move?) {
        var path = path(to: number).map(\.description)
        if let last { path.append(last.description) }
        let rows = engine.taken.map { engine.tables.place(of: $0).name }
        findings.append(
            Finding(
                rule: rule, path: path,
                state: lives[number].description(engine.tables) + "\n  taking "
                    + rows.joined(separator: "; ")))
    }

    package func path(to number: Int) -> [Move] {
        var moves: [Move] = []
        var at = number
        while origins[at].from >= 0 {
            moves.append(origins[at].move)
            at = Int(origins[at].from)
        }
        return moves.reversed()
    }
}

/// Which states are known: their numbers, by their hash. Open addressing; grows by doubling.
struct VisitedSet: Sendable {
    private var slots = [Int32](repeating: -1, count: 1 << 12)
    private var count = 0

    /// True if it is new: the caller then appends it to `lives`.
    mutating func insert(_ life: Life, _ lives: [Life]) -> Bool {
        if count * 2 >= slots.count { grow(lives) }
        var slot = Int(truncatingIfNeeded: life.mixed) & (slots.count - 1)
        while slots[slot] >= 0 {
            if lives[Int(slots[slot])] == life { return false }
            slot = (slot + 1) & (slots.count - 1)
        }
        slots[slot] = Int32(count)
        count += 1
        return true
    }

    func number(of life: Life, _ lives: [Life]) -> Int? {
        var slot = Int(truncatingIfNeeded: life.mixed) & (slots.count - 1)
        while slots[slot] >= 0 {
            if lives[Int(slots[slot])] == life { return Int(slots[slot]) }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private mutating func grow(_ lives: [Life]) {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        for (number, life) in lives.enumerated() {
            var slot = Int(truncatingIfNeeded: life.mixed) & (slots.count - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(number)
        }
    }
}

extension Life {
    /// For whoever reads a finding.
    package func description(_ tables: Tables) -> String {
        var parts = MachineName.allCases.map { machine in
            let kept = kept(machine).events.map {
                tables.sections[Int(machine.rawValue)].eventNames[Int($0) - 1]
            }
            return "\(machine) \(tables.stateName(machine, state(machine)))"
                + (kept.isEmpty ? "" : " keeping \(kept)")
        }
        let under = Activity.allCases.filter { running.contains(Activities($0)) }
        parts.append("under way \(under)")
        return parts.joined(separator: ", ")
    }
}
