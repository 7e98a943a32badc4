/// A life cycle as a pure function: no time, no I/O, no reference to what it drives.
///
/// An engine runs it, the explorer checks it against an environment, and the same function prints
/// the chart.
package protocol StateMachine {
    /// Where it is.
    associatedtype State: Hashable, Sendable
    /// What can happen.
    associatedtype Event: Hashable, Sendable
    /// What the engine is to do.
    associatedtype Effect: Hashable, Sendable

    /// What `event` means in `state`; `nil` where it must not come: a bug of the framework.
    static func reduce(_ state: State, _ event: Event) -> Step<State, Effect>?

    /// Whether `event` makes an `earlier` one that nobody has taken yet pointless, and takes its
    /// place: whoever changes its mind often must not fill the ring (ENG-5).
    static func replaces(_ event: Event, _ earlier: Event) -> Bool
}

extension StateMachine {
    /// None.
    package static func replaces(_ event: Event, _ earlier: Event) -> Bool { false }
}

/// What an event leads to.
package enum Step<State: Hashable & Sendable, Effect: Hashable & Sendable>: Hashable, Sendable {
    /// Goes to a state, and does this, in order.
    case go(State, [Effect])
    /// Stays, and does this.
    case stay([Effect])
    /// Nothing now: the state is closed to the event, which is kept until the state is left.
    case later

    /// The same with `effects` done first.
    func prefixed(_ effects: [Effect]) -> Step {
        switch self {
        case .go(let state, let own): .go(state, effects + own)
        case .stay(let own): .stay(effects + own)
        case .later: .later
        }
    }
}

/// Runs one machine: takes events one at a time, and does what each leads to.
///
/// Posting never blocks and may be done from inside an effect: the event is taken after it. Kept
/// events come again, oldest first, after each change of state. On the loop only.
package struct MachineRun<Machine: StateMachine> {
    /// The next event, and what it means.
    struct Decision {
        let event: Machine.Event
        let step: Step<Machine.State, Machine.Effect>
    }

    package private(set) var state: Machine.State
    package private(set) var pending: [Machine.Event] = []
    package private(set) var kept: [Machine.Event] = []
    /// What it did last.
    package private(set) var ring = EventRing<Machine>()

    /// More than this many events at once is a bug: each source has at most a few outstanding.
    private static var limit: Int { 32 }

    package init(_ state: Machine.State) { self.state = state }

    package mutating func post(_ event: Machine.Event) {
        pending.removeAll { Machine.replaces(event, $0) }
        kept.removeAll { Machine.replaces(event, $0) }
        contract(pending.count + kept.count < Self.limit, "too many events: \(pending) \(kept)")
        pending.append(event)
    }

    /// Takes the next event; `nil` when there is none, or an event that led to nothing yet.
    package mutating func next() -> [Machine.Effect]? {
        guard let decision = decide() else { return nil }
        return follow(decision)
    }

    /// Takes the next event, if there is any, and does not yet go where it leads.
    mutating func decide() -> Decision? {
        guard !pending.isEmpty else { return nil }
        let event = pending.removeFirst()
        guard let step = Machine.reduce(state, event) else {
            // Not a precondition, whose message optimised builds leave out.
            fatalError(
                "\(Machine.self): \(event) must not come in state \(state),"
                    + " after \(ring.last.map { "\($0.event)" })")
        }
        return Decision(event: event, step: step)
    }

    /// Goes there, and returns what is to be done.
    mutating func follow(_ decision: Decision) -> [Machine.Effect] {
        ring.note(EventRing.Turn(decision.event, decision.step))
        switch decision.step {
        case .go(let target, let effects):
            state = target
            if !kept.isEmpty {
                pending.insert(contentsOf: kept, at: 0)
                kept.removeAll(keepingCapacity: true)
            }
            return effects
        case .stay(let effects):
            return effects
        case .later:
            kept.append(decision.event)
            return []
        }
    }
}
