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
        case .grantLate, .refuseLate: facts.remove(.mayAnswerLate)
        case .systemSleep, .systemSleepArmed:
            facts.formUnion([.isSystemAsleep, .owesSleep])
            if event == .systemSleep { facts.remove(.wantsSleepWake) }
            if event == .systemSleepArmed { facts.insert(.wantsSleepWake) }
        case .resume, .resumeIdle:
            facts.subtract([.isSystemAsleep, .sleptIdle])
        case .wake, .wakeFailed: noteWake(event, tables)
        case .takeIO, .giveIO: break
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
        if let told = event.policy { try engine.post(.policy, alphabet.policy.number(told)) }
        let isOthers = facts.contains(.holdsQuery)
        if event == .takeIO {
            facts.formUnion([.holdsIO, .waitsForIO])
            if !isOthers { try engine.post(.idle, alphabet.idle.number(.referenced)) }
        }
        if event == .giveIO {
            facts.subtract([.holdsIO, .waitsForIO])
            if !isOthers { try engine.post(.idle, alphabet.idle.number(.released)) }
        }
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
        case .grantLate: .suspendGranted
        case .refuseLate: .suspendRefused
        case .enableIdle: .idleEnabled
        case .disableIdle: .idleDisabled
        default: nil
        }
    }
}
