/// What must be so when something begins, and what is so when it has ended.
extension Life {
    mutating func begin(_ activity: Activity, _ tables: Tables) throws(Rule) {
        try require(!running.contains(Activities(activity)), .beganTwice)
        let isSerial = Activities.serial.contains(Activities(activity))
        try require(!isSerial || running.isDisjoint(with: .serial), .callbacksOverlap)
        switch activity {
        case .enterD0, .enableInterrupts, .postInterrupts, .scanChildren, .preInterrupts,
            .disableInterrupts, .exitD0:
            try beginPower(activity, tables)
        case .initialize, .suspend, .restart, .flush, .cleanUp: try beginSelfManagedIO(activity)
        default: try beginPnP(activity)
        }
        running.insert(Activities(activity))
    }

    private mutating func beginPnP(_ activity: Activity) throws(Rule) {
        let working: Facts = [
            .isInD0, .areInterruptsOn, .areQueuesOn, .isSelfManagedIORunning, .isParentReferenced,
        ]
        switch activity {
        case .acquireHardware:
            try require(!facts.contains(.isHardwareHeld), .acquiredTwice)
        case .prepareHardware:
            try require(
                facts.contains(.isHardwareHeld) && !facts.contains(.isPrepared)
                    && facts.isDisjoint(with: working), .prepareOutOfPlace)
            try require(!facts.contains(.hasFailed), .preparedAfterFailure)
            facts.insert(.isPrepared)
            facts.subtract([.owesRestart, .wasFailureTold])
        case .surpriseRemoval:
            try require(facts.contains(.isGone) && !facts.contains(.wasNoticed), .noticedTwice)
            facts.insert(.wasNoticed)
        case .releaseHardware:
            try require(
                facts.contains(.isPrepared) && facts.isDisjoint(with: working), .releaseOutOfPlace)
            try require(!facts.contains(.isArmed), .releasedArmed)
            facts.subtract([
                .isPrepared, .wentIdle, .wentToSleep, .hasSignalled, .mustTrigger,
                .hasWakeFailed, .hasDescentFailed, .hasAscentFailed,
                .mustReturn, .wasIOReported, .sleptIdle,
            ])
        case .purgePowerManagedQueues:
            try require(
                facts.isDisjoint(with: [.isPrepared, .isInD0, .areInterfacesEnabled]),
                .purgeOutOfPlace)
            try require(!facts.contains(.arePowerManagedQueuesPurged), .purgedTwice)
            facts.insert(.arePowerManagedQueuesPurged)
        case .closeHardware: try require(!facts.contains(.isPrepared), .closeOutOfPlace)
        case .purgeQueues:
            try require(!facts.contains(.areQueuesPurged), .purgedTwice)
            try require(
                facts.isDisjoint(with: [.isPrepared, .isHardwareHeld])
                    && facts.contains(.areChildrenGone) == facts.contains(.wasAdded),
                .queuePurgeOutOfPlace)
        case .children: try require(facts.contains(.wereChildrenTold), .childrenNotTold)
        case .files: try require(facts.contains(.areQueuesPurged), .filesOutOfPlace)
        default: break
        }
    }

    private mutating func beginSelfManagedIO(_ activity: Activity) throws(Rule) {
        let isRunning = facts.contains(.isSelfManagedIORunning)
        let wasInitialized = facts.contains(.wasInitialized)
        let isRight: Bool
        switch activity {
        case .initialize:
            isRight = facts.contains(.areQueuesOn) && !wasInitialized
            facts.insert(.wasInitialized)
        case .restart: isRight = facts.contains(.areQueuesOn) && wasInitialized && !isRunning
        case .suspend:
            isRight = facts.contains(.areQueuesOn) && isRunning
            facts.remove(.isSelfManagedIORunning)
        case .flush:
            isRight =
                facts.contains(.arePowerManagedQueuesPurged) && wasInitialized && !isRunning
                && !facts.contains(.wasFlushed)
            facts.insert(.wasFlushed)
        default:
            isRight =
                facts.isSuperset(of: [.areQueuesPurged, .wasFlushed])
                && !facts.contains(.wasCleanedUp)
            facts.insert(.wasCleanedUp)
        }
        try require(isRight, .selfManagedIOOutOfPlace)
    }

    /// For good: what ends all the same is not heard of any more.
    mutating func cancel(_ activity: Activity) { running.remove(Activities(activity)) }

    private mutating func noteFailure(of activity: Activity) {
        if activity.makesDeviceFail { facts.formUnion([.hasFailed, .mayFail]) }
        switch activity {
        case .acquireHardware: facts.insert(.mayFail)
        case .suspend, .preInterrupts, .disableInterrupts, .exitD0: facts.insert(.hasDescentFailed)
        case .parent, .enterD0, .enableInterrupts, .postInterrupts, .scanChildren, .initialize,
            .restart:
            facts.insert(.hasAscentFailed)
        case .arm:
            facts.insert(.hasArmFailed)
            if !facts.contains(.isArmedForSleep) { facts.insert(.mustReturn) }
        default: break
        }
    }

    /// What has ended is so; what has failed must come out.
    mutating func end(_ activity: Activity, isSuccess: Bool) {
        running.remove(Activities(activity))
        if !isSuccess { noteFailure(of: activity) }
        switch activity {
        case .deviceAdd: if isSuccess { facts.insert(.wasAdded) }
        case .acquireHardware:
            if isSuccess { facts.formUnion([.isHardwareHeld, .wasHardwareEverHeld]) }
        case .closeHardware: facts.remove(.isHardwareHeld)
        case .children: facts.insert(.areChildrenGone)
        case .purgeQueues: facts.insert(.areQueuesPurged)
        case .enterD0: if isSuccess { facts.insert(.isInD0) }
        case .exitD0: facts.remove(.isInD0)
        case .postInterrupts: if isSuccess { facts.insert(.isPastInterrupts) }
        case .scanChildren: if isSuccess { facts.insert(.areChildrenScanned) }
        case .disableInterrupts: facts.remove(.areInterruptsOn)
        case .initialize, .restart: if isSuccess { facts.insert(.isSelfManagedIORunning) }
        case .arm: if isSuccess { facts.insert(.isArmed) }
        case .disarm:
            facts.subtract([
                .isArmed, .isArmedForSleep, .hasSignalled, .mustTrigger, .hasTriggered,
                .hasWakeFailed,
            ])
        default: break
        }
    }
}

extension Activity {
    /// PNP-12…17: a device is not as before after this has failed.
    fileprivate var makesDeviceFail: Bool {
        switch self {
        case .deviceAdd, .acquireHardware, .queryRemove, .queryStop, .arm, .suspendAnswer: false
        default: true
        }
    }
}
