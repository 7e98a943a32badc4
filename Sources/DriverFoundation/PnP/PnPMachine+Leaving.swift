/// From started to stopped, failed or final.
extension PnPMachine {
    static func noticing(_ event: Event, _ place: Place) -> Reaction? {
        switch event {
        case .surpriseNoticed: return noticed(place)
        // It goes down anyway.
        case .powerUpFailed, .powerDownFailed: return place == .started ? .stay([]) : nil
        // A device goes once.
        case .surpriseRemove: return nil
        default: return leaving(event)
        }
    }

    private static func noticed(_ place: Place) -> Reaction {
        switch place {
        case .unstarted:
            .go(.waitingForChildren, [.surpriseRemoveChildren, .waitForChildren])
        case .started:
            .go(.goingDown(.surprise), [.surpriseRemoveChildren, .surpriseRemovePolicy])
        // PNP-8 from Stopped: the hardware was released when it was stopped.
        case .stopped:
            .go(
                .purgingPowerManagedQueues(.surprise),
                [.surpriseRemoveChildren, .disableInterfaces, .purgePowerManagedQueues])
        }
    }

    /// Children go before their parent leaves D0: they talk through it.
    static func removingChildren(_ event: Event) -> Reaction? {
        switch event {
        // The policy is told before the reference of the query goes, or the device could idle
        // between.
        case .childrenRemoved: .go(.goingDown(.orderly), [.stopPolicy(.removal), .releaseD0])
        case .surpriseRemove: .stay([.callSurpriseRemoval])
        // It goes down anyway.
        case .powerUpFailed, .powerDownFailed: .stay([])
        default: leavingBesideNotice(event)
        }
    }

    static func goingDown(_ event: Event, _ ending: Ending) -> Reaction? {
        switch event {
        case .policyStopped: return .go(.releasingHardware(ending), [.callReleaseHardware])
        case .policyStopFailed:
            // PNP-15: on a removal it goes on all the same; a device that was to come back has
            // failed.
            if case .stop = ending {
                return .go(.releasingHardware(.failure), [.reportFailed, .callReleaseHardware])
            }
            return .go(.releasingHardware(ending), [.callReleaseHardware])
        // It goes down anyway.
        case .powerUpFailed, .powerDownFailed: return .stay([])
        default: return onTheWay(event, ending)
        }
    }

    static func releasingHardware(_ event: Event, _ ending: Ending) -> Reaction? {
        let cleanUp = [Effect.disableInterfaces, .purgePowerManagedQueues]
        switch event {
        case .hardwareReleased:
            if case .stop = ending { return .go(.closingHardware(ending), [.closeHardware]) }
            return .go(.purgingPowerManagedQueues(ending), cleanUp)
        case .releaseFailed:
            // PNP-16: ignored on a removal.
            if case .stop = ending {
                return .go(.purgingPowerManagedQueues(.failure), [.reportFailed] + cleanUp)
            }
            return .go(.purgingPowerManagedQueues(ending), cleanUp)
        default: return onTheWay(event, ending)
        }
    }

    static func purgingPowerManagedQueues(_ event: Event, _ ending: Ending) -> Reaction? {
        switch event {
        case .powerManagedQueuesPurged:
            .go(.flushingSelfManagedIO(ending), [.flushSelfManagedIO])
        default: onTheWay(event, ending)
        }
    }

    static func flushingSelfManagedIO(_ event: Event, _ ending: Ending) -> Reaction? {
        switch event {
        case .selfManagedIOFlushed: .go(.closingHardware(ending), [.closeHardware])
        default: onTheWay(event, ending)
        }
    }

    static func closingHardware(_ event: Event, _ ending: Ending) -> Reaction? {
        guard event == .hardwareClosed else { return onTheWay(event, ending) }
        return switch ending {
        case .stop(restarts: false): .go(.stopped, [.reportStopped])
        case .stop(restarts: true): .go(.acquiringHardware(isFirst: false), [.acquireHardware])
        case .orderly, .surprise, .failure: .go(.removingPolicy(ending), [.removePolicy])
        }
    }

    static func stopped(_ event: Event) -> Reaction? {
        switch event {
        case .start, .restart: .go(.acquiringHardware(isFirst: false), [.acquireHardware])
        case .queryRemove: .stay([.grant(.remove)])
        case .queryStop: .stay([.grant(.stop)])
        case .cancelRemove, .cancelStop, .stop, .setFailed: .stay([])
        case .remove:
            .go(
                .purgingPowerManagedQueues(.orderly),
                [.removeChildren, .disableInterfaces, .purgePowerManagedQueues])
        case .surpriseRemove: .go(.noticingSurpriseRemoval(.stopped), [.callSurpriseRemoval])
        default: nil
        }
    }

    /// The policy answers at once: only what was kept before can come first, and of a device that
    /// is removed nothing was.
    static func removingPolicy(_ event: Event, _ ending: Ending) -> Reaction? {
        if ending == .failure {
            return event == .policyRemoved
                ? .go(.failed, [.surpriseRemoveChildren, .decideRestart]) : closed(event)
        }
        return event == .policyRemoved ? .go(.waitingForChildren, [.waitForChildren]) : nil
    }

    /// PNP-19.
    static func failed(_ event: Event) -> Reaction? {
        switch event {
        case .remove: .go(.waitingForChildren, [.waitForChildren])
        case .surpriseRemove: .go(.noticingSurpriseRemoval(.unstarted), [.callSurpriseRemoval])
        case .start: .stay([.reportStartFailed])
        default: idle(event)
        }
    }

    static func waitingForChildren(_ event: Event) -> Reaction? {
        switch event {
        case .childrenRemoved: .go(.purgingQueues, [.purgeQueues])
        default: leavingBesideNotice(event)
        }
    }

    static func purgingQueues(_ event: Event) -> Reaction? {
        switch event {
        case .queuesPurged: .go(.cleaningUpSelfManagedIO, [.cleanUpSelfManagedIO])
        default: leavingBesideNotice(event)
        }
    }

    static func cleaningUp(_ event: Event) -> Reaction? {
        switch event {
        case .selfManagedIOCleanedUp: .go(.waitingForFiles, [.waitForFiles])
        default: leaving(event)
        }
    }

    static func waitingForFiles(_ event: Event) -> Reaction? {
        event == .filesClosed ? .go(.final, [.dispose]) : leaving(event)
    }

    /// Something else happens on the way out or to a stop.
    private static func onTheWay(_ event: Event, _ ending: Ending) -> Reaction? {
        switch ending {
        case .orderly:
            // PNP-8 during an orderly removal: a notice, and the removal goes on.
            event == .surpriseRemove ? .stay([.callSurpriseRemoval]) : leavingBesideNotice(event)
        // A device goes once.
        case .surprise: event == .surpriseRemove ? nil : leaving(event)
        // Noticed when it has failed, or has stopped.
        case .failure, .stop: closed(event)
        }
    }
}
