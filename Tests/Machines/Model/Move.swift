/// What can happen next, in a byte.
package struct Move: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt8

    /// What comes from outside.
    enum Outside: UInt8, CaseIterable {
        case add, start, restart, queryRemove, cancelRemove, remove, queryStop, cancelStop, stop
        case surpriseRemove, setFailed
        case systemSleep, systemSleepArmed, resume, resumeIdle
        case wake, wakeFailed, takeIO, giveIO, wakeNow, enableIdle, disableIdle
    }

    enum Kind {
        case succeeds(Activity), fails(Activity)
        case outside(Outside)
        /// The timer, whose end asks for wake or for leave to suspend.
        case expires(variant: Int)
        /// A command, which does the same (WAKE-9).
        case directed(variant: Int)
    }

    var kind: Kind {
        switch rawValue {
        case 0..<32: .succeeds(Activity(rawValue: rawValue) ?? .timer)
        case 32..<64: .fails(Activity(rawValue: rawValue - 32) ?? .timer)
        case 64..<96: .outside(Outside(rawValue: rawValue - 64) ?? .add)
        case 96..<100: .expires(variant: Int(rawValue) - 96)
        default: .directed(variant: Int(rawValue) - 100)
        }
    }

    init(succeeds activity: Activity) { rawValue = activity.rawValue }
    init(fails activity: Activity) { rawValue = activity.rawValue + 32 }
    init(_ outside: Outside) { rawValue = outside.rawValue + 64 }
    init(expires variant: Int) { rawValue = UInt8(variant) + 96 }
    init(directed variant: Int) { rawValue = UInt8(variant) + 100 }

    package var description: String {
        switch kind {
        case .succeeds(let activity): "\(activity) ends"
        case .fails(let activity): "\(activity) fails"
        case .outside(let outside): "\(outside)"
        case .expires(let variant): "timer" + Self.text(variant)
        case .directed(let variant): "told to go down" + Self.text(variant)
        }
    }

    private static func text(_ variant: Int) -> String {
        (variant & 1 != 0 ? ", wakes" : "") + (variant & 2 != 0 ? ", asks" : "")
    }
}

extension Life {
    /// Everything that may come next; none when the device is gone and nothing is left.
    func moves(into moves: inout [Move], _ tables: Tables) {
        moves.removeAll(keepingCapacity: true)
        for activity in Activity.allCases where running.contains(Activities(activity)) {
            switch activity {
            case .timer: for variant in 0..<4 { moves.append(Move(expires: variant)) }
            // The device must not end before its driver's callback.
            case .purgeQueues where running.contains(Activities(.surpriseRemoval)): break
            default:
                moves.append(Move(succeeds: activity))
                let isFree = activity == .queryRemove || activity == .queryStop
                if activity.mayFail, isFree || failures > 0 { moves.append(Move(fails: activity)) }
            }
        }
        for event in Move.Outside.allCases where mayCome(event, tables) {
            moves.append(Move(event))
        }
        guard outside > 0, tables.scope != .plugAndPlay, has(.policy, .policyD0, tables),
            !facts.contains(.holdsQuery)
        else { return }
        for variant in 0..<4 { moves.append(Move(directed: variant)) }
    }

    private func mayCome(_ event: Move.Outside, _ tables: Tables) -> Bool {
        if isFree(event, tables) { return true }
        guard outside > 0, event.isPart(of: tables.scope) else { return false }
        return switch event {
        case .add, .surpriseRemove, .giveIO: false
        // Whoever asks meanwhile gets the answer that is on its way.
        case .queryRemove: !facts.contains(.owesRemoveAnswer)
        case .queryStop: !facts.contains(.owesStopAnswer)
        case .systemSleep, .systemSleepArmed: !facts.contains(.owesSleep)
        case .takeIO: !facts.contains(.holdsIO)
        case .disableIdle: facts.contains(.isIdleEnabled)
        default: true
        }
    }

    /// What does not use up what may come: it comes once, or ends what has begun.
    private func isFree(_ event: Move.Outside, _ tables: Tables) -> Bool {
        let pnp = tables.traits(.pnp, state(.pnp))
        let isRemovePending = pnp.contains(.removePending)
        let isStopPending = pnp.contains(.stopPending)
        return switch event {
        case .add: !facts.contains(.wasAddAsked)
        case .start: !facts.contains(.wasStartAsked)
        case .remove: !facts.contains(.wasRemoveAsked)
        case .surpriseRemove: !facts.contains(.isGone)
        case .resume, .resumeIdle: facts.contains(.isSystemAsleep)
        case .giveIO: facts.contains(.holdsIO)
        case .cancelRemove: isRemovePending && !facts.contains(.wasRemovalCancelled)
        case .cancelStop, .stop: isStopPending && !facts.contains(.wasStopCancelled)
        default: false
        }
    }

    /// What follows from a move, until nothing but the environment can go on.
    mutating func make(_ move: Move, _ engine: inout Engine) throws(Rule) {
        engine.begin()
        switch move.kind {
        case .succeeds(let activity): try end(activity, true, &engine)
        case .fails(let activity):
            if activity != .queryRemove, activity != .queryStop { failures -= 1 }
            try end(activity, false, &engine)
        case .expires(let variant):
            engine.variant = variant
            try end(.timer, true, &engine)
        case .directed(let variant):
            outside -= 1
            engine.variant = variant
            try postCommand(&engine)
        case .outside(let event):
            if !isFree(event, engine.tables) { outside -= 1 }
            let isKeptIdle = isKeptIdle(at: event, engine.tables)
            note(event, engine.tables)
            try post(event, &engine)
            if let isKeptIdle {
                try settle(&engine)
                try require(
                    has(.policy, .dxUnarmed, engine.tables) == isKeptIdle, .resumedWrongly)
            }
        }
        try settle(&engine)
        if running.isSubset(of: .patient) { try checkRest(engine.tables) }
    }

    private mutating func end(_ activity: Activity, _ isSuccess: Bool, _ engine: inout Engine)
        throws(Rule)
    {
        end(activity, isSuccess: isSuccess)
        if case .post(let machine, let event) = activity.end(
            isSuccess: isSuccess, engine.tables.alphabet)
        {
            try engine.post(machine, event)
        }
    }
}

extension Move.Outside {
    fileprivate func isPart(of scope: Scope) -> Bool {
        switch scope {
        case .everything: true
        case .plugAndPlay: rawValue <= Self.setFailed.rawValue
        case .power: rawValue > Self.setFailed.rawValue
        }
    }
}
