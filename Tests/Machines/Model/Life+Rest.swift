import DriverFoundation

/// What must be so when nothing is under way: the device waits, perhaps for ever.
extension Life {
    func checkRest(_ tables: Tables) throws(Rule) {
        let pnp = tables.traits(.pnp, state(.pnp))
        let steady: Traits = [
            .initialized, .started, .removePending, .stopPending, .stopped, .failed, .final,
        ]
        // A query waits until the system is awake.
        let waits =
            pnp.contains(.ensuringAwake) && facts.contains(.waitsForQuery)
            && has(.policy, .asleep, tables)
        let isNew = pnp.contains(.created) && !facts.contains(.wasAddAsked)
        try require(!pnp.isDisjoint(with: steady) || waits || isNew, .deadEnd)
        if pnp.contains(.created) { return }
        try checkKept(pnp, tables)
        try checkRequests(pnp)
        try checkMachines(pnp, tables)
    }

    private func checkKept(_ pnp: Traits, _ tables: Tables) throws(Rule) {
        for machine in MachineName.allCases where machine != .pnp && machine != .policy {
            try require(kept(machine).isEmpty, .lostEvent)
        }
        // Down, the settings wait for D0.
        let settings: [PowerPolicyMachine.Event] =
            has(.policy, .asleep, tables) ? [.idleEnabled, .idleDisabled] : [.idleEnabled]
        let isUp = has(.policy, .policyD0, tables)
        try require(
            kept(.policy).isEmpty
                || !isUp
                    && kept(.policy).events.allSatisfy {
                        settings.map(tables.alphabet.policy.number).contains($0)
                    },
            .lostEvent)
        // A pending question is settled first.
        let isPending = !pnp.isDisjoint(with: [.removePending, .stopPending])
        let alphabet = tables.alphabet.pnp
        let mayKeep =
            [alphabet.number(.restart)]
            + (pnp.contains(.stopPending)
                ? [alphabet.number(.queryRemove), alphabet.number(.cancelRemove)] : [])
        try require(
            pnp.contains(.ensuringAwake)
                || kept(.pnp).isEmpty
                || isPending && kept(.pnp).events.allSatisfy(mayKeep.contains),
            .lostEvent)
    }

    private func checkRequests(_ pnp: Traits) throws(Rule) {
        func require(not wrong: Facts, in states: Traits, _ rule: Rule) throws(Rule) {
            try self.require(facts.isDisjoint(with: wrong) || pnp.isDisjoint(with: states), rule)
        }
        let started: Traits = [.started, .removePending, .stopPending]
        let present: Traits = [
            .initialized, .started, .removePending, .stopPending, .stopped, .failed,
        ]
        try require(
            not: [.wasRemoveAsked, .isGone], in: present.union(.ensuringAwake), .lostRequest)
        try require(not: .owesStart, in: [.initialized, .stopped, .failed], .unanswered)
        try require(
            not: .owesRemoveAnswer, in: present.subtracting(.stopPending).union(.final), .unanswered
        )
        try require(not: .owesStopAnswer, in: present.union(.final), .unanswered)
        try require(not: .owesSleep, in: present.union(.final), .unanswered)
        try require(not: .owesStop, in: [.stopped, .stopPending, .started], .lostRequest)
        try require(not: .owesRestart, in: [.started, .stopped], .lostRequest)
        try require(not: .owesFailure, in: started, .lostRequest)
        try require(not: .wasRemovalCancelled, in: .removePending, .lostRequest)
        try require(not: .wasStopCancelled, in: .stopPending, .lostRequest)
        try require(not: .hasFailed, in: started.union([.initialized, .stopped]), .failureHidden)
        if pnp.contains(.failed) {
            try self.require(
                facts.isSuperset(of: [.wasFailureTold, .wasRestartDecided]), .failureHidden)
            try self.require(
                facts.isSuperset(of: [.mayFail, .wasHardwareEverHeld]), .failureInvented)
        }
    }

    private func checkMachines(_ pnp: Traits, _ tables: Tables) throws(Rule) {
        let policy = tables.traits(.policy, state(.policy))
        let power = tables.traits(.power, state(.power))
        let idle = tables.traits(.idle, state(.idle))
        let isPending = !pnp.isDisjoint(with: [.removePending, .stopPending, .ensuringAwake])
        let isStarted = isPending || pnp.contains(.started)
        let isUp = !policy.isDisjoint(with: [.policyD0, .asking])
        let isLow = !policy.isDisjoint(with: [.dxArmed, .dxUnarmed, .asleep])

        try require(isStarted == (isUp || isLow), .inconsistent)
        try require(isStarted || policy.contains(.policyOut), .inconsistent)
        try require(power.contains(.powerD0) == isUp, .inconsistent)
        try require(power.contains(.low) == isLow, .inconsistent)
        try require(power.contains(.off) == policy.contains(.policyOut), .inconsistent)
        try require(facts.contains(.areQueuesOn) == isUp, .inconsistent)
        try require(facts.contains(.isParentReferenced) == isUp, .inconsistent)
        try require(
            has(.selfManagedIO, isUp ? .running : .selfManagedIOAtRest, tables), .inconsistent)
        try require(facts.contains(.isSelfManagedIORunning) == isUp, .inconsistent)
        try require(
            facts.contains(.isArmed) != policy.isDisjoint(with: [.dxArmed, .asleepArmed]),
            .inconsistent)
        try require(facts.contains(.holdsQuery) == isPending, .inconsistent)
        try require(
            facts.contains(.areInterfacesEnabled) == (isStarted || pnp.contains(.stopped)),
            .inconsistent)
        try require(
            !isPending || policy.isDisjoint(with: [.asking, .dxArmed, .dxUnarmed]),
            .inconsistent)
        try require(!policy.contains(.asleep) || facts.contains(.isSystemAsleep), .lostRequest)
        try require(facts.isDisjoint(with: .waiting) || policy.contains(.asleep), .waitsForEver)
        try checkWake(policy)
        try checkIdle(idle, policy)
    }

    private func checkWake(_ policy: Traits) throws(Rule) {
        if policy.contains(.dxArmed) {
            try require(facts.isDisjoint(with: [.hasSignalled, .hasWakeFailed]), .lostRequest)
        }
        if policy.contains(.dxUnarmed) {
            try require(!facts.contains(.mustReturn), .lostRequest)
        }
        if policy.contains(.asleepArmed), !policy.contains(.asleepWoken) {
            try require(!facts.contains(.hasSignalled), .lostRequest)
        }
    }

    /// WAKE-2.
    private func checkIdle(_ idle: Traits, _ policy: Traits) throws(Rule) {
        let isTimed = running.contains(Activities(.timer))
        try require(isTimed == idle.contains(.idleTimer), .timerWrong)
        try require(
            running.contains(Activities(.suspendAnswer)) == policy.contains(.asking), .timerWrong)
        let isEnabled = facts.contains(.isIdleEnabled)
        // A device that does not idle was sent down by command; its idling begins in D0.
        let isOff = idle.contains(.idleDisabled) && isEnabled != kept(.policy).isEmpty
        switch true {
        case policy.contains(.policyD0) && !isEnabled:
            try require(idle.contains(.idleDisabled), .timerWrong)
        case policy.contains(.policyD0):
            let isBusy = !facts.isDisjoint(with: .held)
            try require(idle.contains(isBusy ? .idleBusy : .idleTimer), .timerWrong)
        case policy.contains(.asking):
            try require(isOff || isEnabled && idle.contains(.idleTimedOut), .timerWrong)
        case policy.contains(.policyOut): try require(idle.contains(.idleStopped), .timerWrong)
        // Asleep, the settings may have changed since.
        case policy.contains(.asleep):
            try require(
                !idle.isDisjoint(with: [.idleLow, .idleReturning, .idleDisabled]), .timerWrong)
        default: try require(isOff || isEnabled && idle.contains(.idleLow), .timerWrong)
        }
    }
}
