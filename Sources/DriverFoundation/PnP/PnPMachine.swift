/// The Plug and Play life cycle of one device (WDF's PnP machine; PNP-1, 6, 7, 8, 11, 12, 13, 15,
/// 16).
///
/// Stop for rebalance, restart after failure and children come with the rest of the model.
enum PnPMachine: StateMachine {
    /// Why a device leaves D0 for good.
    enum Ending: Hashable, Sendable, CaseIterable {
        /// It was asked to (PNP-6, PNP-7).
        case orderly
        /// It is gone (PNP-8).
        case surprise
        /// It could not be started (PNP-12, PNP-13).
        case failure
    }

    enum State: Hashable, Sendable {
        case created
        case addingDevice
        case initialized
        case acquiringHardware
        case preparingHardware
        case startingPower
        case started
        case queryingRemove
        case removePending
        case noticingSurpriseRemoval(started: Bool)
        case goingDown(Ending)
        case releasingHardware(Ending)
        case purgingPowerManagedQueues(Ending)
        case closingHardware(Ending)
        case failed
        case purgingQueues
        case waitingForFiles
        case final
    }

    enum Event: Hashable, Sendable, CaseIterable {
        case add, deviceAdded, deviceAddFailed
        case start, hardwareAcquired, hardwareRefused
        case hardwarePrepared, prepareFailed
        case poweredUp, powerUpFailed, poweredDown, powerDownFailed
        case queryRemove, queryGranted, queryRefused, cancelRemove, remove
        case surpriseRemove, surpriseNoticed
        case hardwareReleased, releaseFailed, powerManagedQueuesPurged, hardwareClosed
        case queuesPurged, filesClosed
    }

    enum Effect: Hashable, Sendable {
        case callDeviceAdd
        case acquireHardware
        case callPrepareHardware
        case powerUp
        case enableInterfaces
        case reportStarted
        case reportStartFailed
        case callQueryRemove
        case grantRemove
        case refuseRemove
        case callSurpriseRemoval
        case powerDown
        case callReleaseHardware
        case disableInterfaces
        case purgePowerManagedQueues
        case closeHardware
        case purgeQueues
        case waitForFiles
        case dispose
    }

    static func reduce(_ state: State, _ event: Event) -> Step<State, Effect>? {
        switch state {
        case .created: created(event)
        case .addingDevice: addingDevice(event)
        case .initialized: initialized(event)
        case .acquiringHardware: acquiringHardware(event)
        case .preparingHardware: preparingHardware(event)
        case .startingPower: startingPower(event)
        case .started: started(event)
        case .queryingRemove: queryingRemove(event)
        case .removePending: removePending(event)
        case .noticingSurpriseRemoval(let started): noticing(event, started: started)
        case .goingDown(let ending): goingDown(event, ending)
        case .releasingHardware(let ending): releasingHardware(event, ending)
        case .purgingPowerManagedQueues(let ending): purgingPowerManagedQueues(event, ending)
        case .closingHardware(let ending): closingHardware(event, ending)
        case .failed: failed(event)
        case .purgingQueues: purgingQueues(event)
        case .waitingForFiles: waitingForFiles(event)
        case .final: final(event)
        }
    }
}

/// Requests that may come at any time from outside; a state that cannot act on one keeps it.
extension PnPMachine {
    private typealias Reaction = Step<State, Effect>

    private static func closed(_ event: Event) -> Reaction? {
        switch event {
        case .queryRemove, .cancelRemove, .remove, .surpriseRemove: .later
        default: nil
        }
    }

    /// Like `closed`, on the way out: what is asked for is under way already.
    private static func leaving(_ event: Event) -> Reaction? {
        switch event {
        case .remove, .surpriseRemove, .cancelRemove: .stay([])
        case .queryRemove: .stay([.grantRemove])
        default: nil
        }
    }

    private static func created(_ event: Event) -> Reaction? {
        switch event {
        case .add: .go(.addingDevice, [.callDeviceAdd])
        default: closed(event)
        }
    }

    private static func addingDevice(_ event: Event) -> Reaction? {
        switch event {
        case .deviceAdded: .go(.initialized, [])
        // PNP-11: the device object goes, other devices are unaffected.
        case .deviceAddFailed:
            .go(.purgingQueues, [.reportStartFailed, .purgeQueues])
        case .start: .later
        default: closed(event)
        }
    }

    private static func initialized(_ event: Event) -> Reaction? {
        switch event {
        case .start: .go(.acquiringHardware, [.acquireHardware])
        case .queryRemove: .stay([.grantRemove])
        case .cancelRemove: .stay([])
        case .remove: .go(.purgingQueues, [.purgeQueues])
        case .surpriseRemove: .go(.noticingSurpriseRemoval(started: false), [.callSurpriseRemoval])
        default: nil
        }
    }

    private static func acquiringHardware(_ event: Event) -> Reaction? {
        switch event {
        case .hardwareAcquired: .go(.preparingHardware, [.callPrepareHardware])
        // PNP-12, second half: no Release for hardware that was never given.
        case .hardwareRefused: .go(.initialized, [.reportStartFailed])
        default: closed(event)
        }
    }

    private static func preparingHardware(_ event: Event) -> Reaction? {
        switch event {
        case .hardwarePrepared: .go(.startingPower, [.powerUp])
        // PNP-12: ReleaseHardware is called all the same.
        case .prepareFailed:
            .go(.releasingHardware(.failure), [.reportStartFailed, .callReleaseHardware])
        default: closed(event)
        }
    }

    private static func startingPower(_ event: Event) -> Reaction? {
        switch event {
        case .poweredUp: .go(.started, [.enableInterfaces, .reportStarted])
        // PNP-13: D0Exit is not called, ReleaseHardware is.
        case .powerUpFailed:
            .go(.releasingHardware(.failure), [.reportStartFailed, .callReleaseHardware])
        default: closed(event)
        }
    }

    private static func started(_ event: Event) -> Reaction? {
        switch event {
        case .queryRemove: .go(.queryingRemove, [.callQueryRemove])
        case .cancelRemove: .stay([])
        case .remove: .go(.goingDown(.orderly), [.powerDown])
        case .surpriseRemove: .go(.noticingSurpriseRemoval(started: true), [.callSurpriseRemoval])
        default: nil
        }
    }

    private static func queryingRemove(_ event: Event) -> Reaction? {
        switch event {
        case .queryGranted: .go(.removePending, [.grantRemove])
        case .queryRefused: .go(.started, [.refuseRemove])
        // Whoever asks now gets the answer that is on its way.
        case .queryRemove: .stay([])
        default: closed(event)
        }
    }

    private static func removePending(_ event: Event) -> Reaction? {
        switch event {
        case .queryRemove: .stay([.grantRemove])
        case .cancelRemove: .go(.started, [])
        case .remove: .go(.goingDown(.orderly), [.powerDown])
        case .surpriseRemove: .go(.noticingSurpriseRemoval(started: true), [.callSurpriseRemoval])
        default: nil
        }
    }

    private static func noticing(_ event: Event, started: Bool) -> Reaction? {
        switch event {
        case .surpriseNoticed:
            started
                ? .go(.goingDown(.surprise), [.powerDown])
                : .go(.purgingQueues, [.purgeQueues])
        default: leaving(event)
        }
    }

    private static func goingDown(_ event: Event, _ ending: Ending) -> Reaction? {
        switch event {
        // PNP-15: a failed exit runs to its end all the same.
        case .poweredDown, .powerDownFailed:
            .go(.releasingHardware(ending), [.callReleaseHardware])
        case .surpriseRemove where ending == .orderly: .stay([.callSurpriseRemoval])
        case .surpriseNoticed: .stay([])
        default: leaving(event)
        }
    }

    private static func releasingHardware(_ event: Event, _ ending: Ending) -> Reaction? {
        switch event {
        // PNP-16: a failed release is ignored on removal.
        case .hardwareReleased, .releaseFailed:
            .go(
                .purgingPowerManagedQueues(ending),
                // PNP-12: a start that failed never enabled them.
                (ending == .failure ? [] : [.disableInterfaces]) + [.purgePowerManagedQueues])
        default: ending == .failure ? closed(event) : leavingNoticed(event)
        }
    }

    private static func purgingPowerManagedQueues(
        _ event: Event, _ ending: Ending
    ) -> Reaction? {
        switch event {
        case .powerManagedQueuesPurged: .go(.closingHardware(ending), [.closeHardware])
        default: ending == .failure ? closed(event) : leavingNoticed(event)
        }
    }

    private static func closingHardware(_ event: Event, _ ending: Ending) -> Reaction? {
        switch event {
        case .hardwareClosed:
            ending == .failure
                ? .go(.failed, []) : .go(.purgingQueues, [.purgeQueues])
        default: ending == .failure ? closed(event) : leavingNoticed(event)
        }
    }

    /// Surprise removal that came during an orderly one may still be noticed by the driver.
    private static func leavingNoticed(_ event: Event) -> Reaction? {
        event == .surpriseNoticed ? .stay([]) : leaving(event)
    }

    private static func failed(_ event: Event) -> Reaction? {
        switch event {
        case .remove: .go(.purgingQueues, [.purgeQueues])
        case .queryRemove: .stay([.grantRemove])
        case .cancelRemove: .stay([])
        // PNP-8 in the Failed state: the notice, then what a removal does.
        case .surpriseRemove: .go(.noticingSurpriseRemoval(started: false), [.callSurpriseRemoval])
        default: nil
        }
    }

    private static func purgingQueues(_ event: Event) -> Reaction? {
        switch event {
        case .queuesPurged: .go(.waitingForFiles, [.waitForFiles])
        // Kept behind a DeviceAdd that then failed (PNP-11).
        case .start: .stay([])
        default: leavingNoticed(event)
        }
    }

    private static func waitingForFiles(_ event: Event) -> Reaction? {
        event == .filesClosed ? .go(.final, [.dispose]) : leavingNoticed(event)
    }

    private static func final(_ event: Event) -> Reaction? { leavingNoticed(event) }
}
