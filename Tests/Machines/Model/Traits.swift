import DriverFoundation

/// What the rules ask of a machine's state; each machine has its own.
struct Traits: OptionSet, Hashable, Sendable {
    let rawValue: UInt64
    init(rawValue: UInt64) { self.rawValue = rawValue }
    private init(bit: UInt64) { rawValue = 1 << bit }

    // Plug and Play.
    static let created = Traits(bit: 0)
    static let initialized = Traits(bit: 1)
    static let started = Traits(bit: 2)
    static let removePending = Traits(bit: 3)
    static let stopPending = Traits(bit: 4)
    static let stopped = Traits(bit: 5)
    static let failed = Traits(bit: 6)
    static let final = Traits(bit: 7)
    static let asksToRemove = Traits(bit: 8)
    static let asksToStop = Traits(bit: 9)
    /// What stops is to come back.
    static let returns = Traits(bit: 10)
    static let goesDownToBeRemoved = Traits(bit: 11)
    /// A start that is asked for now must be answered.
    static let answersStart = Traits(bit: 12)
    /// A restart that is asked for now must come, or the device must go.
    static let restarts = Traits(bit: 13)
    static let noticesSurprise = Traits(bit: 14)
    static let isLeaving = Traits(bit: 15)
    /// A failure that the driver reports now must make the device fail.
    static let mayBeFailed = Traits(bit: 16)
    static let ensuringAwake = Traits(bit: 17)

    // The power policy.
    static let policyD0 = Traits(bit: 20)
    static let asking = Traits(bit: 21)
    static let dxArmed = Traits(bit: 22)
    static let dxUnarmed = Traits(bit: 23)
    static let asleep = Traits(bit: 24)
    static let asleepArmed = Traits(bit: 25)
    static let asleepWoken = Traits(bit: 26)
    static let goesIdle = Traits(bit: 27)
    static let goesToSleep = Traits(bit: 28)
    static let policyOut = Traits(bit: 29)
    static let policyStopping = Traits(bit: 30)
    static let policyCreated = Traits(bit: 31)
    static let policyRefuses = Traits(bit: 35)
    static let policyRemoved = Traits(bit: 36)
    /// Down or on the way there, where a reference must be heard of.
    static let isDown: Traits = [
        .asking, .goesIdle, .goesToSleep, .dxArmed, .dxUnarmed, .asleep,
    ]

    // Power.
    static let off = Traits(bit: 32)
    static let powerD0 = Traits(bit: 33)
    static let low = Traits(bit: 34)

    // Idle.
    static let idleStopped = Traits(bit: 40)
    static let idleDisabled = Traits(bit: 41)
    static let idleBusy = Traits(bit: 42)
    static let idleTimer = Traits(bit: 43)
    static let idleTimedOut = Traits(bit: 44)
    static let idleLow = Traits(bit: 45)
    static let idleReturning = Traits(bit: 46)

    // Self-managed I/O.
    static let running = Traits(bit: 50)
    static let selfManagedIOAtRest = Traits(bit: 51)
    static let selfManagedIOEnded = Traits(bit: 52)
}

extension Traits {
    static func of(_ state: PnPMachine.State) -> Traits {
        switch state {
        case .created: [.created, .answersStart]
        case .addingDevice: .answersStart
        case .initialized: [.initialized, .answersStart, .noticesSurprise]
        case .acquiringHardware: [.answersStart, .restarts]
        case .preparingHardware, .startingPolicy: [.answersStart, .restarts, .mayBeFailed]
        case .started: [.started, .restarts, .noticesSurprise, .mayBeFailed]
        case .asking(.remove): [.asksToRemove, .restarts, .mayBeFailed]
        case .asking(.stop): [.asksToStop, .restarts, .mayBeFailed]
        case .ensuringAwake(.remove):
            [.asksToRemove, .restarts, .noticesSurprise, .mayBeFailed, .ensuringAwake]
        case .ensuringAwake(.stop):
            [.asksToStop, .restarts, .noticesSurprise, .mayBeFailed, .ensuringAwake]
        case .removePending:
            [.removePending, .asksToRemove, .restarts, .noticesSurprise, .mayBeFailed]
        case .stopPending: [.stopPending, .asksToStop, .restarts, .noticesSurprise, .mayBeFailed]
        case .noticingSurpriseRemoval: .isLeaving
        case .removingChildren: [.isLeaving, .noticesSurprise]
        case .goingDown(.stop), .releasingHardware(.stop), .closingHardware(.stop):
            [.returns, .answersStart, .restarts]
        case .goingDown(.orderly): [.isLeaving, .goesDownToBeRemoved, .noticesSurprise]
        case .goingDown(let ending), .releasingHardware(let ending),
            .purgingPowerManagedQueues(let ending), .flushingSelfManagedIO(let ending),
            .closingHardware(let ending), .removingPolicy(let ending):
            ending == .orderly || ending == .surprise ? [.isLeaving, .noticesSurprise] : .isLeaving
        case .stopped: [.stopped, .answersStart, .noticesSurprise]
        case .failed: [.failed, .answersStart, .noticesSurprise]
        case .waitingForChildren, .purgingQueues, .cleaningUpSelfManagedIO, .waitingForFiles:
            .isLeaving
        case .final: [.final, .isLeaving]
        }
    }

    static func of(_ state: PowerPolicyMachine.State) -> Traits {
        switch state {
        case .d0: .policyD0
        case .askingToSuspend: .asking
        case .stoppingIO(.idle, _), .armingWake(.idle), .poweringDown(.idle, _, _): .goesIdle
        case .stoppingIO(.sleep, _), .armingWake(.sleep), .poweringDown(.sleep, _, _):
            .goesToSleep
        case .dx(let isArmed): isArmed ? .dxArmed : .dxUnarmed
        case .asleep(let sleep):
            Traits.asleep.union(sleep.isArmed ? .asleepArmed : [])
                .union(sleep.woke ? .asleepWoken : [])
        case .created: [.policyOut, .policyCreated]
        case .stopped, .broken: [.policyOut, .policyRefuses]
        case .removed: [.policyOut, .policyRefuses, .policyRemoved]
        case .stopping: [.policyStopping, .policyRefuses]
        case .starting, .poweringUp, .noticingWake, .disarmingWake, .completingPowerUp:
            []
        }
    }

    static func of(_ state: PowerMachine.State) -> Traits {
        switch state {
        case .off: .off
        case .d0: .powerD0
        case .dx: .low
        default: []
        }
    }

    static func of(_ state: IdleMachine.State) -> Traits {
        switch state {
        case .stopped: .idleStopped
        case .disabled: .idleDisabled
        case .busy: .idleBusy
        case .timerRunning: .idleTimer
        case .timedOut: .idleTimedOut
        case .inDx: .idleLow
        case .poweringUp: .idleReturning
        }
    }

    static func of(_ state: SelfManagedIOMachine.State) -> Traits {
        switch state {
        case .started: .running
        case .created, .initializeFailed, .stopped, .restartFailed, .flushed:
            .selfManagedIOAtRest
        case .final: [.selfManagedIOAtRest, .selfManagedIOEnded]
        default: []
        }
    }
}
