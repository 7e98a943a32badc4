/// What an effect begins and the environment ends, in one way or the other.
package enum Activity: UInt8, CaseIterable, Sendable {
    // Plug and Play's.
    case deviceAdd, acquireHardware, prepareHardware, queryRemove, queryStop, surpriseRemoval
    case releaseHardware, purgePowerManagedQueues, closeHardware, purgeQueues, children, files
    // Power's.
    case parent, enterD0, enableInterrupts, postInterrupts, scanChildren, holdQueues
    case preInterrupts, disableInterrupts, exitD0
    // Self-managed I/O's.
    case initialize, suspend, restart, flush, cleanUp
    // The power policy's.
    case arm, wakeTriggered, disarm, suspendAnswer
    // The idle machine's.
    case timer

    var mayFail: Bool {
        switch self {
        case .surpriseRemoval, .purgePowerManagedQueues, .closeHardware, .purgeQueues, .children,
            .files, .holdQueues, .flush, .cleanUp, .wakeTriggered, .disarm, .timer:
            false
        default: true
        }
    }
}

/// What is under way.
struct Activities: OptionSet, Hashable, Sendable {
    let rawValue: UInt32
    init(rawValue: UInt32) { self.rawValue = rawValue }
    init(_ activity: Activity) { rawValue = 1 << UInt32(activity.rawValue) }
    init(_ activities: [Activity]) { self = activities.reduce([]) { $0.union(Activities($1)) } }

    /// The driver's callbacks of which one runs at a time (S-5); the notices and questions of Plug
    /// and Play may come beside them.
    static let serial = Activities([
        .deviceAdd, .prepareHardware, .releaseHardware, .enterD0, .enableInterrupts,
        .postInterrupts, .scanChildren, .preInterrupts, .disableInterrupts, .exitD0, .initialize,
        .suspend, .restart, .flush, .cleanUp, .arm, .wakeTriggered, .disarm,
    ])
    /// What a resting device may wait for.
    static let patient = Activities([.timer, .suspendAnswer])
    /// The way into and out of D0.
    static let power = Activities([
        .enterD0, .enableInterrupts, .postInterrupts, .scanChildren, .holdQueues, .preInterrupts,
        .disableInterrupts, .exitD0,
    ])
}

/// What an event of the table does to the environment: an effect, compiled.
package enum Operation: Hashable, Sendable {
    /// To another machine: an event's number in its alphabet.
    case post(MachineName, UInt8)
    case begin(Activity)
    case cancel(Activity)
    case beginEnteringD0(from: LowState), beginPostInterrupts(from: LowState)
    case beginPreInterrupts(to: LowState), beginExitingD0(to: LowState)
    case beginHoldingQueues(isForRemoval: Bool)
    case beginArming(forSleep: Bool), beginTriggered(forSleep: Bool), beginDisarming(forSleep: Bool)
    case referenceParent, releaseParent, startQueues
    /// From power to the policy, and from there to Plug and Play: how a way ended.
    case reportPowered(isUp: Bool, isFailed: Bool), reportBroken(isUp: Bool)
    case reportIOPresent
    case startIdle, enableIdle, idleUp, reportTimeout
    case acknowledgeSleep
    case enableInterfaces, disableInterfaces
    case answerStart(isStarted: Bool), reportStopped, reportFailed
    case answer(isRemoval: Bool, isGranted: Bool)
    case holdD0, releaseD0
    case removeChildren
    case decideRestart
    case dispose
}

/// Where a device is when it is not in D0.
package enum LowState: UInt8, Sendable {
    /// Off for good, or not started yet.
    case off
    /// Idle, or asleep with the system.
    case idle, asleep
}
