/// Why a mutant is no mistake, where the tables themselves show it.
package struct Equivalence: Sendable {
    package enum Reason: String, Sendable, CaseIterable {
        case sameBehaviour = "leads to a state that does the same, whatever comes"
        case commutes = "two effects of which one only posts: it is taken after both"
        case ignoredLater = "kept or not, each state that can follow ignores it"
    }

    private let tables: Tables
    private let isUsed: [Bool]
    /// By section and state: states in one class do the same, whatever comes.
    private let classes: [[Int]]

    package init(_ tables: Tables, isUsed: [Bool]) {
        self.tables = tables
        self.isUsed = isUsed
        classes = tables.sections.map { Self.classes(of: $0, in: tables) }
    }

    package func reason(for mutant: Mutant) -> Reason? {
        let row = tables.rows[mutant.row]
        let place = tables.place(of: mutant.row)
        let classes = classes[Int(place.section.name.rawValue)]
        switch mutant.change {
        case .retargeted(let state):
            return classes[Int(state)] == classes[Int(row.target)] ? .sameBehaviour : nil
        case .swapped(let index):
            let first = tables.operations[Int(row.first) + index]
            let second = tables.operations[Int(row.first) + index + 1]
            return first.commutes(with: second) ? .commutes : nil
        case .kept, .ignored: return isIgnoredLater(place) ? .ignoredLater : nil
        case .deleted, .withoutEffect: return nil
        }
    }

    /// Follows what keeps the event until something takes it.
    private func isIgnoredLater(_ place: Tables.Place) -> Bool {
        let section = place.section
        func row(_ state: Int, _ event: Int) -> Int {
            section.firstRow + state * section.eventCount + event
        }
        var open = [place.state]
        var known: Set<Int> = [place.state]
        while let state = open.popLast() {
            for event in 0..<section.eventCount where event != place.event {
                let step = tables.rows[row(state, event)]
                guard step.kind == .go, isUsed[row(state, event)] else { continue }
                let next = Int(step.target)
                let taken = tables.rows[row(next, place.event)]
                switch taken.kind {
                case .stay where taken.count == 0: continue
                case .later: if known.insert(next).inserted { open.append(next) }
                case .stay, .go, .forbidden: return false
                }
            }
        }
        return true
    }

    /// Refines until no class has states that differ.
    private static func classes(of section: Tables.Section, in tables: Tables) -> [Int] {
        struct Behaviour: Hashable {
            let kind: Row.Kind
            let operations: [Operation]
            let target: Int
        }
        let states = section.stateNames.indices
        var classes = states.map { _ in 0 }
        while true {
            var numbers: [[Behaviour]: Int] = [:]
            let refined = states.map { state in
                let behaviours = (0..<section.eventCount).map { event in
                    let row = tables.rows[section.firstRow + state * section.eventCount + event]
                    let target = row.kind == .go ? classes[Int(row.target)] : -1
                    let own = Int(row.first)..<Int(row.first) + Int(row.count)
                    return Behaviour(
                        kind: row.kind, operations: Array(tables.operations[own]), target: target)
                }
                let number = numbers[behaviours] ?? numbers.count
                numbers[behaviours] = number
                return number
            }
            if Set(refined).count == Set(classes).count { return refined }
            classes = refined
        }
    }
}

extension Operation {
    /// Events wait by machine until all effects are done.
    fileprivate func commutes(with other: Operation) -> Bool {
        switch (self, other) {
        case (.post(let machine, _), .post(let otherMachine, _)): machine != otherMachine
        case (.post, _): !other.posts
        case (_, .post): !posts
        default: false
        }
    }

    private var posts: Bool {
        switch self {
        // To the idle machine and to the policy.
        case .startIdle, .enableIdle, .idleUp, .reportTimeout, .holdD0, .releaseD0,
            .reportPoweredDown:
            true
        default: false
        }
    }
}
