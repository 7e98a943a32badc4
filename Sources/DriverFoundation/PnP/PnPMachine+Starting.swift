/// From arrival to started, and the questions that a started device is asked.
extension PnPMachine {
    static func created(_ event: Event) -> Reaction? {
        switch event {
        case .add: .go(.addingDevice, [.callDeviceAdd])
        default: closed(event)
        }
    }

    static func addingDevice(_ event: Event) -> Reaction? {
        switch event {
        case .deviceAdded: .go(.initialized, [])
        // PNP-11: the device object goes, other devices are unaffected.
        case .deviceAddFailed: .go(.purgingQueues, [.reportStartFailed, .purgeQueues])
        default: closed(event)
        }
    }

    static func initialized(_ event: Event) -> Reaction? {
        switch event {
        case .start: .go(.acquiringHardware(isFirst: true), [.acquireHardware])
        case .remove: .go(.waitingForChildren, [.removeChildren, .waitForChildren])
        case .surpriseRemove: .go(.noticingSurpriseRemoval(.unstarted), [.callSurpriseRemoval])
        default: idle(event)
        }
    }

    static func acquiringHardware(_ event: Event, isFirst: Bool) -> Reaction? {
        switch event {
        case .hardwareAcquired: .go(.preparingHardware, [.callPrepareHardware])
        // PNP-12, second half: no Release for hardware that was never given.
        case .hardwareRefused where isFirst: .go(.initialized, [.reportStartFailed])
        case .hardwareRefused:
            .go(
                .purgingPowerManagedQueues(.failure),
                [.reportStartFailed, .disableInterfaces, .purgePowerManagedQueues])
        default: closed(event)
        }
    }

    static func preparingHardware(_ event: Event) -> Reaction? {
        switch event {
        case .hardwarePrepared: .go(.startingPolicy, [.startPolicy])
        // PNP-12: ReleaseHardware is called all the same.
        case .prepareFailed:
            .go(.releasingHardware(.failure), [.reportStartFailed, .callReleaseHardware])
        default: closed(event)
        }
    }

    static func startingPolicy(_ event: Event) -> Reaction? {
        switch event {
        case .policyStarted: .go(.started, [.enableInterfaces, .reportStarted])
        // PNP-13, PNP-14: the power machine has unwound what it did; ReleaseHardware follows.
        case .policyStartFailed:
            .go(.releasingHardware(.failure), [.reportStartFailed, .callReleaseHardware])
        default: closed(event)
        }
    }

    static func started(_ event: Event) -> Reaction? {
        switch event {
        case .queryRemove: .go(.asking(.remove), [.callQueryRemove])
        case .queryStop: .go(.asking(.stop), [.callQueryStop])
        case .cancelRemove, .cancelStop, .stop, .start: .stay([])
        case .remove: .go(.removingChildren, [.removeChildren, .waitForChildren])
        case .surpriseRemove: .go(.noticingSurpriseRemoval(.started), [.callSurpriseRemoval])
        // PNP-10.
        case .restart: .go(.goingDown(.stop(restarts: true)), [.stopPolicy(.suspend)])
        // PNP-17: the device is assumed gone, and not powered down.
        case .powerUpFailed:
            .go(.goingDown(.failure), [.reportFailed, .surpriseRemovePolicy])
        // PNP-15, DEV-17: it is still powered down politely.
        case .powerDownFailed, .setFailed:
            .go(.goingDown(.failure), [.reportFailed, .stopPolicy(.removal)])
        default: nil
        }
    }

    static func asking(_ event: Event, _ question: Question) -> Reaction? {
        switch event {
        case .queryGranted: .go(.ensuringAwake(question), [.holdD0])
        case .queryRefused: .go(.started, [.refuse(question)])
        default: closedWhileStarted(event)
        }
    }

    /// PNP-6: while it is pending, the device is in D0 and stays there.
    static func ensuringAwake(_ event: Event, _ question: Question) -> Reaction? {
        switch event {
        case .deviceInD0:
            .go(question == .remove ? .removePending : .stopPending, [.grant(question)])
        case .d0Refused: .go(.started, [.releaseD0, .refuse(question)])
        // A device that sleeps with the system does not keep a program from ending, nor itself
        // from going: who asked is answered, and D0 matters no more.
        case .remove:
            .go(.removingChildren, [settled(question), .removeChildren, .waitForChildren])
        case .surpriseRemove:
            .go(
                .noticingSurpriseRemoval(.started),
                [settled(question), .callSurpriseRemoval, .releaseD0])
        default: closedWhileStarted(event)
        }
    }

    private static func settled(_ question: Question) -> Effect {
        question == .remove ? .grant(.remove) : .refuse(.stop)
    }

    static func removePending(_ event: Event) -> Reaction? {
        switch event {
        case .queryRemove: .stay([.grant(.remove)])
        case .queryStop: .stay([.refuse(.stop)])
        case .cancelRemove: .go(.started, [.releaseD0])
        case .remove: .go(.removingChildren, [.removeChildren, .waitForChildren])
        default: pending(event)
        }
    }

    static func stopPending(_ event: Event) -> Reaction? {
        switch event {
        case .queryStop: .stay([.grant(.stop)])
        // Asked when the stop is settled, and perhaps not any more.
        case .queryRemove, .cancelRemove: .later
        case .cancelStop: .go(.started, [.releaseD0])
        // PNP-9. The reference goes after the policy was told, or the device could idle between.
        case .stop: .go(.goingDown(.stop(restarts: false)), [.stopPolicy(.suspend), .releaseD0])
        case .remove: .go(.removingChildren, [.removeChildren, .waitForChildren])
        default: pending(event)
        }
    }

    private static func pending(_ event: Event) -> Reaction? {
        switch event {
        case .surpriseRemove:
            .go(.noticingSurpriseRemoval(.started), [.callSurpriseRemoval, .releaseD0])
        case .powerUpFailed, .powerDownFailed, .setFailed:
            started(event)?.prefixed([.releaseD0])
        case .restart: .later
        case .start, .stop, .cancelRemove, .cancelStop: .stay([])
        default: nil
        }
    }
}
