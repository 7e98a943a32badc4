import DriverFoundation

/// The rules of the way into and out of D0 (PNP-1…5, PNP-13…15), and of wake (WAKE-6, CB-8).
extension Life {
    mutating func performPower(_ operation: Operation, _ tables: Tables) throws(Rule) {
        switch operation {
        case .referenceParent:
            try require(!facts.contains(.isParentReferenced), .parentOutOfPlace)
            facts.insert(.isParentReferenced)
            try begin(.parent, tables)
        case .releaseParent:
            try require(
                facts.contains(.isParentReferenced) && !facts.contains(.isInD0), .parentOutOfPlace)
            facts.remove(.isParentReferenced)
        case .startQueues:
            try require(
                facts.isSuperset(of: [.isPastInterrupts, .areChildrenScanned])
                    && facts.isDisjoint(with: [.areQueuesOn, .isArmed]), .queuesOutOfPlace)
            facts.insert(.areQueuesOn)
            facts.subtract([
                .wentIdle, .wentToSleep, .hasSignalled, .mustTrigger, .hasWakeFailed, .mustReturn,
            ])
        case .beginHoldingQueues(let isForRemoval):
            try require(
                facts.contains(.areQueuesOn) && !facts.contains(.isSelfManagedIORunning),
                .queuesOutOfPlace)
            let isBack =
                has(.policy, [.goesIdle, .goesToSleep], tables)
                || has(.policy, .policyStopping, tables) && has(.pnp, .returns, tables)
            try require(isForRemoval != isBack, .wrongHold)
            if has(.pnp, .goesDownToBeRemoved, tables) {
                try require(facts.contains(.areChildrenGone), .childrenAlive)
            }
            facts.remove(.areQueuesOn)
            try begin(.holdQueues, tables)
        case .beginEnteringD0(let from):
            try require(from == lowState, .wrongState)
            try requireReason(tables)
            try begin(.enterD0, tables)
        case .beginPostInterrupts(let from):
            try require(from == lowState, .wrongState)
            try begin(.postInterrupts, tables)
        case .beginPreInterrupts(let to):
            try require(to == destination(tables), .wrongState)
            try requireArmed(as: to)
            facts.remove(.hasArmFailed)
            try begin(.preInterrupts, tables)
        case .beginExitingD0(let to):
            try require(to == destination(tables), .wrongState)
            facts.subtract([.wentIdle, .wentToSleep])
            if to == .idle { facts.insert(.wentIdle) }
            if to == .asleep { facts.insert(.wentToSleep) }
            try begin(.exitD0, tables)
        default: break
        }
    }

    /// PNP-5: what sleeps with the system does not come up before it.
    private func requireReason(_ tables: Tables) throws(Rule) {
        guard has(.pnp, .started, tables) else { return }
        let isAsleep = !facts.isDisjoint(with: [.sleptIdle, .wentToSleep])
        try require(
            !isAsleep || !facts.contains(.isSystemAsleep) || facts.contains(.owesSleep),
            .wokenForNothing)
    }

    /// What failed is what is reported, by each machine to the next.
    mutating func reportPower(_ operation: Operation, _ engine: inout Engine) throws(Rule) {
        let alphabet = engine.tables.alphabet
        switch operation {
        case .reportPowered(isUp: true, let isFailed):
            try require(facts.contains(.hasAscentFailed) == isFailed, .failureInvented)
            facts.remove(.hasDescentFailed)
            try engine.post(
                .policy, alphabet.policy.number(isFailed ? .powerUpFailed : .poweredUp))
        case .reportPowered(isUp: false, let isFailed):
            try require(facts.contains(.hasDescentFailed) == isFailed, .failureInvented)
            try engine.post(
                .policy, alphabet.policy.number(isFailed ? .powerDownFailed : .poweredDown))
        case .reportBroken(let isUp):
            let failed: Facts = isUp ? .hasAscentFailed : .hasDescentFailed
            try require(facts.contains(failed), .failureInvented)
            try engine.post(.pnp, alphabet.pnp.number(isUp ? .powerUpFailed : .powerDownFailed))
        default: break
        }
    }

    /// Where it was until now.
    private var lowState: LowState {
        facts.contains(.wentIdle) ? .idle : facts.contains(.wentToSleep) ? .asleep : .off
    }

    /// Where the power policy wants it to be.
    private func destination(_ tables: Tables) -> LowState {
        has(.policy, .goesIdle, tables)
            ? .idle : has(.policy, .goesToSleep, tables) ? .asleep : .off
    }

    /// A device goes down armed exactly if that was asked for and did not fail.
    private func requireArmed(as low: LowState) throws(Rule) {
        let wants: Facts = low == .idle ? .wantsIdleWake : .wantsSleepWake
        guard low != .off else { return }
        try require(
            facts.contains(.isArmed)
                == (facts.contains(wants) && !facts.contains(.hasArmFailed)), .notAsked)
    }

    mutating func beginPower(_ activity: Activity, _ tables: Tables) throws(Rule) {
        switch activity {
        case .enterD0:
            try require(
                facts.isSuperset(of: [.isPrepared, .isHardwareHeld, .isParentReferenced])
                    && facts.isDisjoint(with: [.isInD0, .hasFailed])
                    && !running.contains(Activities(.parent)), .enterOutOfPlace)
        case .enableInterrupts:
            try require(
                facts.contains(.isInD0) && !facts.contains(.areInterruptsOn),
                .interruptsOutOfPlace)
            facts.insert(.areInterruptsOn)
        case .postInterrupts:
            try require(
                facts.contains(.areInterruptsOn) && !facts.contains(.isPastInterrupts),
                .interruptsOutOfPlace)
        case .scanChildren:
            try require(facts.contains(.isPastInterrupts), .scanOutOfPlace)
            facts.remove(.areChildrenScanned)
            // On the way out, a parent takes no new ones.
            if !has(.pnp, .isLeaving, tables) {
                facts.subtract([.wereChildrenTold, .areChildrenGone])
            }
        case .preInterrupts:
            try require(
                facts.contains(.isPastInterrupts) && !facts.contains(.areQueuesOn),
                .interruptsOutOfPlace)
            facts.subtract([.isPastInterrupts, .areChildrenScanned])
        case .disableInterrupts:
            try require(
                facts.contains(.areInterruptsOn)
                    && facts.isDisjoint(with: [.isPastInterrupts, .areQueuesOn]),
                .interruptsOutOfPlace)
        default:
            try require(
                facts.contains(.isInD0) && !facts.contains(.areInterruptsOn), .exitOutOfPlace)
        }
    }

    mutating func performWake(_ operation: Operation, _ tables: Tables) throws(Rule) {
        let isInD0 = facts.isSuperset(of: [.isInD0, .isPastInterrupts])
        switch operation {
        case .beginArming(let forSleep):
            try require(
                isInD0 && facts.isDisjoint(with: [.areQueuesOn, .isArmed])
                    && forSleep == has(.policy, .goesToSleep, tables), .armOutOfPlace)
            facts.remove(.isArmedForSleep)
            if forSleep { facts.insert(.isArmedForSleep) }
            try begin(.arm, tables)
        case .beginTriggered(let forSleep):
            try require(
                isInD0 && facts.isSuperset(of: [.isArmed, .hasSignalled])
                    && facts.isDisjoint(with: [.areQueuesOn, .hasTriggered])
                    && forSleep == facts.contains(.isArmedForSleep), .triggeredOutOfPlace)
            facts.insert(.hasTriggered)
            try begin(.wakeTriggered, tables)
        case .beginDisarming(let forSleep):
            try require(
                facts.contains(.isArmed) && !facts.contains(.areQueuesOn)
                    && forSleep == facts.contains(.isArmedForSleep), .disarmOutOfPlace)
            try require(
                !isInD0 || !facts.contains(.mustTrigger) || facts.contains(.hasTriggered),
                .disarmOutOfPlace)
            try begin(.disarm, tables)
        default: break
        }
    }
}
