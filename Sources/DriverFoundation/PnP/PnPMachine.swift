/// The Plug and Play life cycle of one device (WDF's PnP machine; PNP-1, PNP-6…19).
package enum PnPMachine: StateMachine {
    /// Why a device leaves D0 for longer than a sleep.
    package enum Ending: Hashable, Sendable {
        /// It was asked to (PNP-6, PNP-7).
        case orderly
        /// It is gone (PNP-8).
        case surprise
        /// It could not be started, or stopped working (PNP-12…17).
        case failure
        /// It is stopped, to be started again (PNP-9), at once when `restarts` (PNP-10).
        case stop(restarts: Bool)
    }

    /// What a device is asked whether it agrees to.
    package enum Question: Hashable, Sendable, CaseIterable {
        case remove, stop
    }

    /// Where a surprise removal met the device.
    package enum Place: Hashable, Sendable, CaseIterable {
        case unstarted, started, stopped
    }

    package enum State: Hashable, Sendable {
        case created
        case addingDevice
        case initialized
        case acquiringHardware(isFirst: Bool)
        case preparingHardware
        case startingPolicy
        case started
        case asking(Question)
        case ensuringAwake(Question)
        case removePending
        case stopPending
        case noticingSurpriseRemoval(Place)
        case removingChildren
        case goingDown(Ending)
        case releasingHardware(Ending)
        case purgingPowerManagedQueues(Ending)
        case flushingSelfManagedIO(Ending)
        case closingHardware(Ending)
        case stopped
        case removingPolicy(Ending)
        case failed
        case waitingForChildren
        case purgingQueues
        case cleaningUpSelfManagedIO
        case waitingForFiles
        case final
    }

    package enum Event: Hashable, Sendable, CaseIterable {
        /// Asked from outside, at any time.
        case start, restart, queryRemove, cancelRemove, remove, queryStop, cancelStop, stop
        case surpriseRemove, setFailed
        /// The ends of what the effects began.
        case add, deviceAdded, deviceAddFailed
        case hardwareAcquired, hardwareRefused, hardwarePrepared, prepareFailed
        case queryGranted, queryRefused, deviceInD0, d0Refused
        case surpriseNoticed, childrenRemoved
        case hardwareReleased, releaseFailed, powerManagedQueuesPurged
        case selfManagedIOFlushed, selfManagedIOCleanedUp
        case hardwareClosed, queuesPurged, filesClosed
        /// From the power policy.
        case policyStarted, policyStartFailed, policyStopped, policyStopFailed, policyRemoved
        case powerUpFailed, powerDownFailed
    }

    package enum Effect: Hashable, Sendable {
        case callDeviceAdd, acquireHardware, callPrepareHardware
        case startPolicy, stopPolicy(HoldReason), surpriseRemovePolicy, removePolicy
        case enableInterfaces, disableInterfaces
        case reportStarted, reportStartFailed, reportStopped, reportFailed
        case callQueryRemove, callQueryStop
        case grant(Question), refuse(Question)
        case holdD0, releaseD0
        case callSurpriseRemoval, removeChildren, surpriseRemoveChildren, waitForChildren
        case callReleaseHardware
        case purgePowerManagedQueues, flushSelfManagedIO, closeHardware
        case decideRestart
        case purgeQueues, cleanUpSelfManagedIO, waitForFiles
        case dispose
    }

    package static func reduce(_ state: State, _ event: Event) -> Step<State, Effect>? {
        switch state {
        case .created: created(event)
        case .addingDevice: addingDevice(event)
        case .initialized: initialized(event)
        case .acquiringHardware(let isFirst): acquiringHardware(event, isFirst: isFirst)
        case .preparingHardware: preparingHardware(event)
        case .startingPolicy: startingPolicy(event)
        case .started: started(event)
        case .asking(let question): asking(event, question)
        case .ensuringAwake(let question): ensuringAwake(event, question)
        case .removePending: removePending(event)
        case .stopPending: stopPending(event)
        case .noticingSurpriseRemoval(let place): noticing(event, place)
        case .removingChildren: removingChildren(event)
        case .goingDown(let ending): goingDown(event, ending)
        case .releasingHardware(let ending): releasingHardware(event, ending)
        case .purgingPowerManagedQueues(let ending): purgingPowerManagedQueues(event, ending)
        case .flushingSelfManagedIO(let ending): flushingSelfManagedIO(event, ending)
        case .closingHardware(let ending): closingHardware(event, ending)
        case .stopped: stopped(event)
        case .removingPolicy(let ending): removingPolicy(event, ending)
        case .failed: failed(event)
        case .waitingForChildren: waitingForChildren(event)
        case .purgingQueues: purgingQueues(event)
        case .cleaningUpSelfManagedIO: cleaningUp(event)
        case .waitingForFiles: waitingForFiles(event)
        case .final: leaving(event)
        }
    }

    typealias Reaction = Step<State, Effect>

    /// A state that is at work: what is asked from outside meanwhile is kept.
    static func closed(_ event: Event) -> Reaction? {
        switch event {
        case .queryRemove, .cancelRemove, .remove, .queryStop, .cancelStop, .stop,
            .surpriseRemove, .start, .restart, .setFailed:
            .later
        default: nil
        }
    }

    /// The same of a device that idles and sleeps meanwhile: its power may fail.
    static func closedWhileStarted(_ event: Event) -> Reaction? {
        switch event {
        case .powerUpFailed, .powerDownFailed: .later
        default: closed(event)
        }
    }

    /// On the way out: what is asked for is under way already.
    static func leaving(_ event: Event) -> Reaction? {
        switch event {
        case .remove, .surpriseRemove, .cancelRemove, .cancelStop, .stop, .start, .restart,
            .setFailed:
            .stay([])
        case .queryRemove: .stay([.grant(.remove)])
        case .queryStop: .stay([.refuse(.stop)])
        default: nil
        }
    }

    /// The same while the notice of a departure may run beside (PNP-8).
    static func leavingBesideNotice(_ event: Event) -> Reaction? {
        event == .surpriseNoticed ? .stay([]) : leaving(event)
    }

    /// Not started: nothing to ask the driver about.
    static func idle(_ event: Event) -> Reaction? {
        switch event {
        case .queryRemove: .stay([.grant(.remove)])
        case .queryStop: .stay([.refuse(.stop)])
        case .cancelRemove, .cancelStop, .stop, .restart, .setFailed: .stay([])
        default: nil
        }
    }
}
