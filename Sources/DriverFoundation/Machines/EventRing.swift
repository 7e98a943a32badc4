/// What a machine did last: the events that it took, and what came of each (ENG-4). Of a fixed
/// size and without allocation, so that it is always on.
package struct EventRing<Machine: StateMachine> {
    package enum Outcome {
        case went(Machine.State), stayed
        /// Nothing yet: it comes again after the next change of state.
        case kept
    }

    package struct Turn {
        package let event: Machine.Event
        package let outcome: Outcome

        init(_ event: Machine.Event, _ step: Step<Machine.State, Machine.Effect>) {
            self.event = event
            outcome =
                switch step {
                case .go(let state, _): .went(state)
                case .stay: .stayed
                case .later: .kept
                }
        }
    }

    /// WDF's, too.
    package static var depth: Int { 8 }

    // `depth` does not name the size of a stored property of a generic type.
    private var turns = InlineArray<8, Turn?>(repeating: nil)
    private var next = 0

    package init() {}

    package mutating func note(_ turn: Turn) {
        turns[next] = turn
        next = (next + 1) % Self.depth
    }

    /// Oldest first.
    package var last: [Turn] {
        (0..<Self.depth).compactMap { turns[(next + $0) % Self.depth] }
    }
}
