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
        let events = 0..<section.eventCount
        var open = [place.state]
        var known: Set<Int> = []
        // What may be kept before it.
        var ahead: Set<Int> = []
        while let state = open.popLast() {
            let isKept = tables.rows[row(state, place.event)].kind == .later || known.isEmpty
            known.insert(state)
            if isKept {
                let kept = ahead.union(events.filter { tables.rows[row(state, $0)].kind == .later })
                if kept != ahead { open += known.sorted() }
                ahead = kept
            }
            for event in events where event != place.event {
                let step = tables.rows[row(state, event)]
                guard step.kind == .go, isUsed[row(state, event)] else { continue }
                // Where it is ignored, only what is kept before it can come before it.
                guard isKept || ahead.contains(event) else { continue }
                let next = Int(step.target)
                let taken = tables.rows[row(next, place.event)]
                guard taken.kind == .later || taken.kind == .stay && taken.count == 0 else {
                    return false
                }
                if !known.contains(next) { open.append(next) }
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
        switch (addressee, other.addressee) {
        case (let one?, let another?): one != another
        case (nil, nil): false
        // A grant is for who holds D0.
        case (nil, .some): !(isAnswer && other.isHold)
        case (.some, nil): !(isHold && other.isAnswer)
        }
    }

    /// To whom it posts, which may be all that it does.
    private var addressee: MachineName? {
        switch self {
        case .post(let machine, _): machine
        case .startIdle, .enableIdle, .idleUp, .holdD0, .releaseD0: .idle
        case .reportTimeout, .reportIOPresent, .reportPowered: .policy
        case .reportBroken: .pnp
        default: nil
        }
    }

    private var isHold: Bool { self == .holdD0 || self == .releaseD0 }
    private var isAnswer: Bool { if case .answer = self { true } else { false } }
}
