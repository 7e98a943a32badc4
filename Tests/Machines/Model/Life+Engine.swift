import DriverFoundation

/// The framework's engine in its barest form: events are taken one at a time, the innermost
/// machine's first, and each event's effects are performed before the next is taken.
struct Engine: Sendable {
    let tables: Tables
    /// What the move says of itself: how the time-out is to end.
    var variant = 0
    /// Rows taken since the move began.
    var taken: [Int] = []
    /// What waits to be taken, by machine; empty between moves.
    private var pending = SIMD8<UInt64>(repeating: 0)

    init(_ tables: Tables) {
        self.tables = tables
        taken.reserveCapacity(64)
    }

    mutating func begin() {
        variant = 0
        taken.removeAll(keepingCapacity: true)
        pending = SIMD8(repeating: 0)
    }

    mutating func post(_ machine: MachineName, _ event: UInt8) throws(Rule) {
        guard event != 0 else { throw .noSuchEvent }
        var queue = EventQueue(bits: pending[Int(machine.rawValue)])
        try queue.append(event)
        pending[Int(machine.rawValue)] = queue.bits
    }

    mutating func drop(_ mask: UInt64, of machine: MachineName) {
        let queue = EventQueue(bits: pending[Int(machine.rawValue)])
        pending[Int(machine.rawValue)] = queue.without(mask).bits
    }

    func hasPending(_ machine: MachineName) -> Bool { pending[Int(machine.rawValue)] != 0 }

    /// The next event, the innermost machine's first.
    fileprivate mutating func next() -> (MachineName, UInt8)? {
        for machine in MachineName.allCases where pending[Int(machine.rawValue)] != 0 {
            var queue = EventQueue(bits: pending[Int(machine.rawValue)])
            let event = queue.removeFirst()
            pending[Int(machine.rawValue)] = queue.bits
            return (machine, event)
        }
        return nil
    }

    fileprivate mutating func putFirst(_ machine: MachineName, _ kept: EventQueue) throws(Rule) {
        guard !kept.isEmpty else { return }
        var queue = kept
        try queue.append(EventQueue(bits: pending[Int(machine.rawValue)]))
        pending[Int(machine.rawValue)] = queue.bits
    }
}

extension Life {
    /// Takes events until there are none.
    mutating func settle(_ engine: inout Engine) throws(Rule) {
        var steps = 0
        repeat {
            while let (machine, event) = engine.next() {
                steps += 1
                guard steps < 100 else { throw .endless }
                try take(machine, event, &engine)
            }
        } while try answerWaiters(&engine)
    }

    private mutating func take(_ machine: MachineName, _ event: UInt8, _ engine: inout Engine)
        throws(Rule)
    {
        let number = engine.tables.row(machine, state(machine), event)
        let row = engine.tables.rows[number]
        engine.taken.append(number)
        switch row.kind {
        case .forbidden: throw .forbidden
        case .later:
            var kept = kept(machine)
            try kept.append(event)
            try setKept(machine, kept)
            return
        case .stay: noteIgnored(machine, event, engine.tables)
        case .go:
            setState(machine, row.target)
            try engine.putFirst(machine, kept(machine))
            try setKept(machine, EventQueue())
        }
        for index in Int(row.first)..<Int(row.first) + Int(row.count) {
            try perform(engine.tables.operations[index], &engine)
        }
    }

    /// What a device that is not started, or on its way out, need not do.
    private mutating func noteIgnored(
        _ machine: MachineName, _ event: UInt8, _ tables: Tables
    ) {
        guard machine == .pnp else { return }
        let isOut = has(.pnp, [.initialized, .failed, .isLeaving], tables)
        if event == tables.setFailed, isOut || has(.pnp, .stopped, tables) {
            facts.remove(.owesFailure)
        }
        if event == tables.restart, isOut { facts.remove(.owesRestart) }
    }

    /// Whoever waits for D0 hears what came of it; true if that is news to a machine.
    private mutating func answerWaiters(_ engine: inout Engine) throws(Rule) -> Bool {
        guard !facts.isDisjoint(with: .waiting) else { return false }
        let policy = engine.tables.traits(.policy, state(.policy))
        let isGranted = policy.contains(.policyD0)
        let isRefused =
            policy.contains(.policyRefuses)
            || policy.contains(.policyCreated)
                && (facts.contains(.areQueuesPurged) || has(.pnp, .initialized, engine.tables))
        guard isGranted || isRefused else { return false }
        facts.remove(.waitsForIO)
        guard facts.contains(.waitsForQuery) else { return false }
        facts.remove(.waitsForQuery)
        // A removal may have overtaken the question.
        guard has(.pnp, .ensuringAwake, engine.tables) else { return false }
        if isGranted { facts.insert(.wasGranted) }
        let alphabet = engine.tables.alphabet.pnp
        try engine.post(.pnp, alphabet.number(isGranted ? .deviceInD0 : .d0Refused))
        return true
    }

    func has(_ machine: MachineName, _ traits: Traits, _ tables: Tables) -> Bool {
        !tables.traits(machine, state(machine)).isDisjoint(with: traits)
    }
}
