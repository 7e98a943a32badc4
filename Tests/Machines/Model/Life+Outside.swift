import DriverFoundation

/// What comes from outside: what the rules remember of it, and which machine hears it.
extension Life {
    mutating func note(_ event: Move.Outside, _ tables: Tables) {
        let pnp = tables.traits(.pnp, state(.pnp))
        switch event {
        case .add: facts.insert(.wasAddAsked)
        case .start:
            facts.insert(.wasStartAsked)
            if pnp.contains(.answersStart) { facts.insert(.owesStart) }
        case .restart: facts.insert(.owesRestart)
        case .queryRemove:
            facts.insert(.owesRemoveAnswer)
            facts.remove(.wasRemovalCancelled)
        case .queryStop:
            facts.insert(.owesStopAnswer)
            facts.remove(.wasStopCancelled)
        case .cancelRemove:
            if facts.contains(.owesRemoveAnswer) || pnp.contains(.asksToRemove) {
                facts.insert(.wasRemovalCancelled)
            }
        case .cancelStop:
            if facts.contains(.owesStopAnswer) || pnp.contains(.asksToStop) {
                facts.insert(.wasStopCancelled)
            }
        case .stop:
            if facts.contains(.owesStopAnswer) || pnp.contains(.asksToStop),
                !facts.contains(.wasStopCancelled)
            {
                facts.formUnion([.wasStopCancelled, .owesStop])
            }
        case .remove: facts.insert(.wasRemoveAsked)
        case .surpriseRemove:
            if pnp.contains(.noticesSurprise),
                !facts.contains(.wasRemoveAsked)
                    || pnp.contains(.isLeaving)
            {
                facts.insert(.mustNotice)
            }
            facts.insert(.isGone)
        case .setFailed:
            facts.insert(.mayFail)
            facts.insert(.owesFailure)
        case .systemSleep, .systemSleepArmed:
            facts.formUnion([.isSystemAsleep, .owesSleep])
            if event == .systemSleep { facts.remove(.wantsSleepWake) }
            if event == .systemSleepArmed { facts.insert(.wantsSleepWake) }
        case .resume, .resumeIdle:
            facts.subtract([.isSystemAsleep, .sleptIdle])
        case .wake, .wakeFailed: noteWake(event, tables)
        case .takeIO, .giveIO, .wakeNow: break
        case .enableIdle: facts.insert(.isIdleEnabled)
        case .disableIdle: facts.remove(.isIdleEnabled)
        }
    }

    private mutating func noteWake(_ event: Move.Outside, _ tables: Tables) {
        let down: Traits = [.goesIdle, .goesToSleep, .dxArmed, .asleepArmed]
        guard has(.policy, down, tables) else { return }
        facts.insert(event == .wake ? .hasSignalled : .hasWakeFailed)
        if event == .wake, has(.policy, [.dxArmed, .asleepArmed], tables) {
            facts.insert(.mustTrigger)
        }
    }

    mutating func post(_ event: Move.Outside, _ engine: inout Engine) throws(Rule) {
        let alphabet = engine.tables.alphabet
        if let told = event.pnp { try engine.post(.pnp, alphabet.pnp.number(told)) }
        if let told = event.policy { try postToPolicy(told, &engine) }
        switch event {
        case .takeIO:
            facts.insert(.waitsForIO)
            try reference(as: .holdsIO, &engine)
        case .wakeNow:
            facts.insert(.waitsForIO)
            try reference(as: .holdsIO, &engine)
            try postToPolicy(.ioPresent, &engine)
        case .giveIO:
            facts.remove(.waitsForIO)
            try dereference(as: .holdsIO, &engine)
        default: break
        }
    }

    func postCommand(_ engine: inout Engine) throws(Rule) {
        try engine.post(.idle, engine.tables.alphabet.idle.number(.directed))
    }

    /// As the engine counts: the idle machine hears of the first; of a device that was sent to
    /// sleep the policy hears of any (WAKE-9).
    mutating func reference(as holder: Facts, _ engine: inout Engine) throws(Rule) {
        let tables = engine.tables
        let isFirst = facts.isDisjoint(with: .held)
        facts.formUnion(holder)
        if isFirst { try engine.post(.idle, tables.alphabet.idle.number(.referenced)) }
        if isFirst, !has(.idle, [.idleStopped, .idleDisabled], tables) { return }
        if has(.policy, .isDown, tables), !has(.idle, .idleReturning, tables) {
            try postToPolicy(.ioPresent, &engine)
        }
    }

    mutating func dereference(as holder: Facts, _ engine: inout Engine) throws(Rule) {
        guard facts.contains(holder) else { return }
        facts.subtract(holder)
        if facts.isDisjoint(with: .held) {
            try engine.post(.idle, engine.tables.alphabet.idle.number(.released))
        }
    }

    /// Takes back what the event makes pointless (ENG-5).
    mutating func postToPolicy(_ event: PowerPolicyMachine.Event, _ engine: inout Engine)
        throws(Rule)
    {
        let number = engine.tables.alphabet.policy.number(event)
        let replaced = engine.tables.replaced[Int(number)]
        if replaced != 0 {
            try setKept(.policy, kept(.policy).without(replaced))
            engine.drop(replaced, of: .policy)
        }
        try engine.post(.policy, number)
    }

    /// Whether a device that slept idle is to stay down at this resume; `nil` where that is no
    /// question (PNP-5).
    func isKeptIdle(at event: Move.Outside, _ tables: Tables) -> Bool? {
        guard event == .resume || event == .resumeIdle, has(.policy, .asleep, tables),
            kept(.policy).isEmpty
        else { return nil }
        let isWanted = !facts.isDisjoint(with: [.holdsIO, .holdsQuery, .wasIOReported])
        guard facts.contains(.sleptIdle) else { return false }
        return isWanted ? nil : event == .resume
    }
}

extension Move.Outside {
    fileprivate var pnp: PnPMachine.Event? {
        switch self {
        case .add: .add
        case .start: .start
        case .restart: .restart
        case .queryRemove: .queryRemove
        case .cancelRemove: .cancelRemove
        case .remove: .remove
        case .queryStop: .queryStop
        case .cancelStop: .cancelStop
        case .stop: .stop
        case .surpriseRemove: .surpriseRemove
        case .setFailed: .setFailed
        default: nil
        }
    }

    fileprivate var policy: PowerPolicyMachine.Event? {
        switch self {
        case .systemSleep: .systemSleep(wakes: false)
        case .systemSleepArmed: .systemSleep(wakes: true)
        case .resume: .resume(powersIdle: false)
        case .resumeIdle: .resume(powersIdle: true)
        case .wake: .wake
        case .wakeFailed: .wakeFailed
        case .enableIdle: .idleEnabled
        case .disableIdle: .idleDisabled
        default: nil
        }
    }
}
