import DriverFoundation

/// What an effect does, and what must be so when it comes.
extension Life {
    mutating func perform(_ operation: Operation, _ engine: inout Engine) throws(Rule) {
        try require(!facts.contains(.isDisposed) || operation.mayFollowDisposal, .afterDisposal)
        switch operation {
        case .post(let machine, let event): try engine.post(machine, event)
        case .begin(let activity): try begin(activity, engine.tables)
        case .cancel(let activity): cancel(activity)
        case .referenceParent, .releaseParent, .startQueues, .beginHoldingQueues,
            .beginEnteringD0, .beginPostInterrupts, .beginPreInterrupts, .beginExitingD0:
            try performPower(operation, engine.tables)
        case .beginArming, .beginTriggered, .beginDisarming:
            try performWake(operation, engine.tables)
        case .reportPowered, .reportBroken: try reportPower(operation, &engine)
        case .startIdle, .enableIdle, .idleUp, .reportTimeout, .reportIOPresent:
            try performIdle(operation, &engine)
        case .acknowledgeSleep:
            try require(facts.contains(.owesSleep), .acknowledgedTwice)
            try require(!facts.contains(.isInD0), .acknowledgedInD0)
            facts.remove(.owesSleep)
            facts.remove(.sleptIdle)
            if facts.contains(.wentIdle) { facts.insert(.sleptIdle) }
        case .holdD0, .releaseD0: try performHold(operation, &engine)
        default: try performPnP(operation, engine)
        }
    }

    func require(_ condition: Bool, _ rule: Rule) throws(Rule) {
        if !condition { throw rule }
    }

    // MARK: Idle

    private mutating func performIdle(_ operation: Operation, _ engine: inout Engine)
        throws(Rule)
    {
        let alphabet = engine.tables.alphabet
        let isBusy = !facts.isDisjoint(with: .held)
        switch operation {
        case .startIdle where !facts.contains(.isIdleEnabled):
            try engine.post(.idle, alphabet.idle.number(.disable))
        case .startIdle:
            try engine.post(.idle, alphabet.idle.number(isBusy ? .startBusy : .start))
        case .enableIdle:
            try engine.post(.idle, alphabet.idle.number(isBusy ? .enableBusy : .enable))
        case .idleUp:
            facts.remove(.wasIOReported)
            try engine.post(.idle, alphabet.idle.number(isBusy ? .upBusy : .up))
        case .reportIOPresent:
            // WAKE-2: once on each way back.
            try require(!facts.contains(.wasIOReported), .reportedTwice)
            facts.insert(.wasIOReported)
            try postToPolicy(.ioPresent, &engine)
        default:
            let (wakes, asks) = (engine.variant & 1 != 0, engine.variant & 2 != 0)
            if wakes { facts.insert(.wantsIdleWake) } else { facts.remove(.wantsIdleWake) }
            try engine.post(
                .policy, alphabet.policy.number(.timeout(wakes: wakes, asks: asks)))
        }
    }

    private mutating func performHold(_ operation: Operation, _ engine: inout Engine)
        throws(Rule)
    {
        if operation == .holdD0 {
            try require(!facts.contains(.holdsQuery), .holdOutOfPlace)
            facts.insert(.waitsForQuery)
            try reference(as: .holdsQuery, &engine)
        } else {
            // A removal without a query before has none to give back.
            facts.remove(.waitsForQuery)
            try dereference(as: .holdsQuery, &engine)
        }
    }

    // MARK: Plug and Play

    private mutating func performPnP(_ operation: Operation, _ engine: Engine) throws(Rule) {
        switch operation {
        case .enableInterfaces:
            try require(facts.contains(.areQueuesOn), .interfacesOutOfPlace)
            facts.insert(.areInterfacesEnabled)
        case .disableInterfaces: facts.remove(.areInterfacesEnabled)
        case .answerStart(let isStarted):
            try require(
                !isStarted || facts.isSuperset(of: [.areInterfacesEnabled, .areQueuesOn]),
                .startOutOfPlace)
            facts.remove(.owesStart)
            if !isStarted { facts.insert(.wasFailureTold) }
        case .reportStopped:
            try require(!facts.contains(.isHardwareHeld), .closeOutOfPlace)
            facts.remove(.owesStop)
        case .reportFailed:
            facts.insert(.wasFailureTold)
            facts.remove(.owesStop)
        case .answer(let isRemoval, let isGranted):
            let owed: Facts = isRemoval ? .owesRemoveAnswer : .owesStopAnswer
            try require(facts.contains(owed), .answerToNobody)
            facts.remove(owed)
            if !isRemoval, !isGranted { facts.remove(.owesStop) }
            let pending = has(.pnp, [.removePending, .stopPending], engine.tables)
            try require(
                !isGranted || !pending || facts.isSuperset(of: [.holdsQuery, .wasGranted]),
                .grantOutOfPlace)
        case .removeChildren: facts.insert(.wereChildrenTold)
        case .decideRestart: facts.insert(.wasRestartDecided)
        default: try dispose(engine)
        }
    }

    private mutating func dispose(_ engine: Engine) throws(Rule) {
        try require(!engine.hasPending(.pnp), .lostEvent)
        try require(has(.selfManagedIO, .selfManagedIOEnded, engine.tables), .disposedEarly)
        try require(
            has(.policy, .policyRemoved, engine.tables)
                || has(.policy, .policyCreated, engine.tables), .disposedEarly)
        try require(has(.power, .off, engine.tables), .disposedEarly)
        try require(!facts.isDisjoint(with: [.wasAdded, .wasFailureTold]), .failureHidden)
        let left: Facts = [
            .isHardwareHeld, .isPrepared, .isInD0, .areInterruptsOn, .areQueuesOn,
            .isParentReferenced, .isArmed, .areInterfacesEnabled, .owesRemoveAnswer,
            .owesStopAnswer, .holdsQuery, .isSelfManagedIORunning,
        ]
        try require(facts.isDisjoint(with: left), .disposedEarly)
        try require(facts.contains(.areQueuesPurged), .disposedEarly)
        if facts.contains(.wasInitialized) {
            try require(facts.isSuperset(of: [.wasFlushed, .wasCleanedUp]), .disposedEarly)
        }
        if facts.contains(.wasHardwareEverHeld) {
            try require(facts.contains(.arePowerManagedQueuesPurged), .disposedEarly)
        }
        try require(!facts.contains(.mustNotice) || facts.contains(.wasNoticed), .notNoticed)
        try require(running.isSubset(of: .patient), .disposedEarly)
        facts.insert(.isDisposed)
    }
}

extension Operation {
    fileprivate var mayFollowDisposal: Bool {
        switch self {
        case .post, .answer, .acknowledgeSleep: true
        default: false
        }
    }
}
