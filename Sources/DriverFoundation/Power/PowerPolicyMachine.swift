/// When the device is in which power state (WDF's power policy machine; PNP-3, 4, 5, 17, WAKE-6).
///
/// It tells the power machine to go up and down, the idle machine what came of it, and Plug and
/// Play how its wishes ended.
package enum PowerPolicyMachine: StateMachine {
    /// Why the device leaves D0 to come back.
    package enum Reason: Hashable, Sendable, CaseIterable {
        /// It was idle while the system works (S0).
        case idle
        /// The system sleeps (Sx).
        case sleep
    }

    /// What comes after a way up.
    package enum Purpose: Hashable, Sendable {
        case work
        /// The system sleeps: the device goes down again, armed as that asks for.
        case systemSleep(wakes: Bool)
        case stop(HoldReason)
    }

    /// What comes when wake has been disarmed.
    package enum AfterDisarm: Hashable, Sendable {
        case completePowerUp(Purpose)
        /// The device is gone.
        case stop
        case broken(Breakdown)
    }

    /// What has failed; a sleep that went wrong is acknowledged all the same.
    package enum Breakdown: Hashable, Sendable {
        case powerUp(Purpose)
        case powerDown(Reason)
    }

    package enum State: Hashable, Sendable {
        case created
        case starting
        case d0
        case askingToSuspend(wakes: Bool)
        case stoppingIO(Reason, wakes: Bool)
        case armingWake(Reason)
        case poweringDown(Reason, isArmed: Bool, returns: Bool)
        case dx(isArmed: Bool)
        case asleep(Sleep)
        case poweringUp(Reason, isArmed: Bool, woke: Bool, Purpose)
        case noticingWake(Reason, Purpose)
        case disarmingWake(Reason, AfterDisarm)
        case completingPowerUp(Purpose)
        case stopping
        case stopped
        case broken
        case removed
    }

    /// How the device sleeps with the system.
    package struct Sleep: Hashable, Sendable {
        package var isArmed = false
        /// It was idle before, and nothing has asked for it since: it may stay down.
        package var staysIdle = false
        /// It has signalled wake.
        package var woke = false
    }

    package enum Event: Hashable, Sendable {
        /// From Plug and Play.
        case start, stop(HoldReason), surpriseRemove, remove
        /// From the power machine.
        case poweredUp, powerUpFailed, ioStopped, poweredDown, powerDownFailed, hardwareStarted
        /// From the idle machine.
        case timeout(wakes: Bool, asks: Bool), ioPresent
        /// From the settings.
        case idleEnabled, idleDisabled
        /// From the bus: leave to suspend, the device's own wake signal.
        case suspendGranted, suspendRefused, wake, wakeFailed
        /// From the system.
        case systemSleep(wakes: Bool), resume(powersIdle: Bool)
        /// The ends of callbacks.
        case armed, armFailed, wakeNoticed, disarmed
    }

    package enum Effect: Hashable, Sendable {
        case implicitD0, implicitD3(HoldReason)
        case powerDown(Reason), completePowerDown, powerUp, completePowerUp
        case askToSuspend, cancelSuspend
        case callArmWake(Reason), callWakeTriggered(Reason), callDisarmWake(Reason)
        case startIdle, stopIdle, enableIdle, disableIdle, idleDown, idleUp, idleUpFailed
        case acknowledgeSleep
        case reportStarted, reportStartFailed, reportStopped, reportStopFailed, reportRemoved
        case reportPowerUpFailed, reportPowerDownFailed
    }

    package static func reduce(_ state: State, _ event: Event) -> Step<State, Effect>? {
        switch state {
        case .created: created(event)
        case .starting: starting(event)
        case .d0: d0(event)
        case .askingToSuspend(let wakes): askingToSuspend(event, wakes)
        case .stoppingIO(let reason, let wakes): stoppingIO(event, reason, wakes)
        case .armingWake(let reason): armingWake(event, reason)
        case .poweringDown(let reason, let isArmed, let returns):
            poweringDown(event, reason, isArmed: isArmed, returns: returns)
        case .dx(let isArmed): dx(event, isArmed: isArmed)
        case .asleep(let sleep): asleep(event, sleep)
        case .poweringUp(let reason, let isArmed, let woke, let purpose):
            poweringUp(event, reason, isArmed: isArmed, woke: woke, purpose)
        case .noticingWake(let reason, let purpose): noticingWake(event, reason, purpose)
        case .disarmingWake(let reason, let next): disarmingWake(event, reason, next)
        case .completingPowerUp(let purpose): completingPowerUp(event, purpose)
        case .stopping: stopping(event)
        case .stopped: stopped(event)
        case .broken: broken(event)
        case .removed: resting(event)
        }
    }

    /// Of the settings' changes the last one counts; that somebody asks is said once.
    package static func replaces(_ event: Event, _ earlier: Event) -> Bool {
        switch event {
        case .idleEnabled, .idleDisabled: earlier == .idleEnabled || earlier == .idleDisabled
        case .ioPresent: earlier == .ioPresent
        default: false
        }
    }

    typealias Reaction = Step<State, Effect>

    /// Closed: what comes from outside meanwhile is kept.
    static func closed(_ event: Event) -> Reaction? {
        switch event {
        case .stop, .surpriseRemove, .ioPresent, .idleEnabled, .idleDisabled, .systemSleep, .resume:
            .later
        // It is awake already, or comes back anyway.
        case .wake, .wakeFailed: .stay([])
        default: nil
        }
    }

    /// On the way down a wake signal counts, also when it comes too early.
    static func closedGoingDown(_ event: Event) -> Reaction? {
        switch event {
        case .wake, .wakeFailed: .later
        default: closed(event)
        }
    }

    /// Out of use: the system's sleep does not wait for the device, and nothing else matters.
    static func resting(_ event: Event) -> Reaction? {
        switch event {
        case .systemSleep: .stay([.acknowledgeSleep])
        case .resume, .ioPresent, .wake, .wakeFailed, .idleEnabled, .idleDisabled: .stay([])
        default: nil
        }
    }
}

/// Start and stop.
extension PowerPolicyMachine {
    private static func created(_ event: Event) -> Reaction? {
        switch event {
        case .start: .go(.starting, [.implicitD0])
        case .remove: .go(.removed, [.reportRemoved])
        default: resting(event)
        }
    }

    private static func starting(_ event: Event) -> Reaction? {
        switch event {
        case .poweredUp: .go(.d0, [.startIdle, .reportStarted])
        case .powerUpFailed: .go(.stopped, [.reportStartFailed])
        // Plug and Play waits for the start.
        case .stop, .surpriseRemove: nil
        default: closed(event)
        }
    }

    private static func d0(_ event: Event) -> Reaction? {
        switch event {
        case .timeout(let wakes, asks: true): .go(.askingToSuspend(wakes: wakes), [.askToSuspend])
        case .timeout(let wakes, asks: false):
            .go(.stoppingIO(.idle, wakes: wakes), [.idleDown, .powerDown(.idle)])
        case .systemSleep(let wakes):
            .go(.stoppingIO(.sleep, wakes: wakes), [.idleDown, .powerDown(.sleep)])
        case .idleEnabled: .stay([.enableIdle])
        case .idleDisabled: .stay([.disableIdle])
        case .stop(let reason): .go(.stopping, [.stopIdle, .implicitD3(reason)])
        case .surpriseRemove: .go(.stopping, [.stopIdle, .implicitD3(.removal)])
        // It came back for another reason meanwhile.
        case .ioPresent, .resume, .wake, .wakeFailed: .stay([])
        default: nil
        }
    }

    private static func stopping(_ event: Event) -> Reaction? {
        switch event {
        case .poweredDown: .go(.stopped, [.reportStopped])
        case .powerDownFailed: .go(.stopped, [.reportStopFailed])
        // Acknowledged when it is down.
        case .systemSleep: .later
        default: resting(event)
        }
    }

    private static func stopped(_ event: Event) -> Reaction? {
        switch event {
        case .start: .go(.starting, [.implicitD0])
        case .remove: .go(.removed, [.reportRemoved])
        default: resting(event)
        }
    }

    /// Plug and Play has been told, and will stop it; or does already, for another reason, and must
    /// not take it for a device that can come back.
    private static func broken(_ event: Event) -> Reaction? {
        switch event {
        case .stop, .surpriseRemove: .go(.stopped, [.reportStopFailed])
        default: resting(event)
        }
    }

    /// The way up or down did not end well.
    private static func breaking(_ breakdown: Breakdown) -> Reaction {
        switch breakdown {
        case .powerUp(.work): .go(.broken, [.idleUpFailed, .reportPowerUpFailed])
        case .powerUp(.systemSleep):
            .go(.broken, [.idleUpFailed, .acknowledgeSleep, .reportPowerUpFailed])
        case .powerUp(.stop): .go(.stopped, [.stopIdle, .reportStopFailed])
        case .powerDown(.idle): .go(.broken, [.idleUpFailed, .reportPowerDownFailed])
        case .powerDown(.sleep):
            .go(.broken, [.idleUpFailed, .acknowledgeSleep, .reportPowerDownFailed])
        }
    }
}

/// The way down (WAKE-6: wake is armed when I/O has stopped, before D0Exit).
extension PowerPolicyMachine {
    /// WAKE-7: the bus has not said yet that the device may suspend.
    private static func askingToSuspend(_ event: Event, _ wakes: Bool) -> Reaction? {
        switch event {
        case .suspendGranted:
            .go(.stoppingIO(.idle, wakes: wakes), [.idleDown, .powerDown(.idle)])
        case .suspendRefused: .go(.d0, [.idleUp])
        case .ioPresent: .go(.d0, [.cancelSuspend, .idleUp])
        case .idleDisabled: .go(.d0, [.cancelSuspend, .disableIdle])
        case .systemSleep, .stop, .surpriseRemove: d0(event)?.prefixed([.cancelSuspend])
        // Of a device that was told to go down: idling begins in D0.
        case .idleEnabled: .later
        case .resume, .wake, .wakeFailed: .stay([])
        default: nil
        }
    }

    private static func stoppingIO(
        _ event: Event, _ reason: Reason, _ wakes: Bool
    ) -> Reaction? {
        guard event == .ioStopped else { return closedGoingDown(event) }
        return wakes
            ? .go(.armingWake(reason), [.callArmWake(reason)])
            : .go(
                .poweringDown(reason, isArmed: false, returns: false), [.completePowerDown])
    }

    private static func armingWake(_ event: Event, _ reason: Reason) -> Reaction? {
        switch event {
        case .armed:
            .go(.poweringDown(reason, isArmed: true, returns: false), [.completePowerDown])
        // PNP-4: undone, and back to D0; a sleeping system does without wake.
        case .armFailed:
            .go(
                .poweringDown(reason, isArmed: false, returns: reason == .idle),
                [.completePowerDown])
        default: closedGoingDown(event)
        }
    }

    private static func poweringDown(
        _ event: Event, _ reason: Reason, isArmed: Bool, returns: Bool
    ) -> Reaction? {
        switch event {
        case .poweredDown where returns:
            .go(.poweringUp(.idle, isArmed: false, woke: false, .work), [.powerUp])
        case .poweredDown:
            reason == .idle
                ? .go(.dx(isArmed: isArmed), [])
                : .go(.asleep(Sleep(isArmed: isArmed)), [.acknowledgeSleep])
        // CB-8: each Arm gets its Disarm.
        case .powerDownFailed where isArmed:
            .go(
                .disarmingWake(reason, .broken(.powerDown(reason))), [.callDisarmWake(reason)])
        case .powerDownFailed: breaking(.powerDown(reason))
        default: closedGoingDown(event)
        }
    }
}

/// Down, and the way back.
extension PowerPolicyMachine {
    private static func dx(_ event: Event, isArmed: Bool) -> Reaction? {
        func up(_ purpose: Purpose, woke: Bool = false) -> Reaction {
            .go(.poweringUp(.idle, isArmed: isArmed, woke: woke, purpose), [.powerUp])
        }
        switch event {
        case .ioPresent: return up(.work)
        case .wake: return up(.work, woke: isArmed)
        case .wakeFailed: return isArmed ? up(.work) : .stay([])
        case .idleDisabled: return up(.work).prefixed([.disableIdle])
        // PNP-5: armed for S0 is not armed for Sx.
        case .systemSleep(let wakes) where isArmed || wakes: return up(.systemSleep(wakes: wakes))
        case .systemSleep: return .go(.asleep(Sleep(staysIdle: true)), [.acknowledgeSleep])
        // PNP-6: a device in Dx is powered up before it is stopped.
        case .stop(let reason): return up(.stop(reason))
        case .surpriseRemove: return gone(.idle, isArmed: isArmed)
        // Idling is switched on in D0, where it can begin at once.
        case .idleEnabled: return .later
        case .resume: return .stay([])
        default: return nil
        }
    }

    private static func asleep(_ event: Event, _ sleep: Sleep) -> Reaction? {
        var changed = sleep
        switch event {
        case .resume(let powersIdle):
            if sleep.staysIdle, !powersIdle { return .go(.dx(isArmed: false), []) }
            return .go(
                .poweringUp(.sleep, isArmed: sleep.isArmed, woke: sleep.woke, .work), [.powerUp])
        case .wake:
            changed.woke = sleep.isArmed
            return .go(.asleep(changed), [])
        case .ioPresent:
            changed.staysIdle = false
            return .go(.asleep(changed), [])
        case .idleEnabled, .idleDisabled: return .later
        case .stop(let reason):
            return .go(
                .poweringUp(.sleep, isArmed: sleep.isArmed, woke: sleep.woke, .stop(reason)),
                [.powerUp])
        case .surpriseRemove: return gone(.sleep, isArmed: sleep.isArmed)
        case .systemSleep: return .stay([.acknowledgeSleep])
        case .wakeFailed: return .stay([])
        default: return nil
        }
    }

    /// PNP-8: a device that is gone is not powered up; its driver still disarms.
    private static func gone(_ reason: Reason, isArmed: Bool) -> Reaction {
        isArmed
            ? .go(.disarmingWake(reason, .stop), [.callDisarmWake(reason)])
            : .go(.stopping, [.stopIdle, .implicitD3(.removal)])
    }

    private static func poweringUp(
        _ event: Event, _ reason: Reason, isArmed: Bool, woke: Bool, _ purpose: Purpose
    ) -> Reaction? {
        switch event {
        case .hardwareStarted where woke:
            .go(.noticingWake(reason, purpose), [.callWakeTriggered(reason)])
        case .hardwareStarted where isArmed:
            .go(.disarmingWake(reason, .completePowerUp(purpose)), [.callDisarmWake(reason)])
        case .hardwareStarted: .go(.completingPowerUp(purpose), [.completePowerUp])
        case .powerUpFailed where isArmed:
            .go(.disarmingWake(reason, .broken(.powerUp(purpose))), [.callDisarmWake(reason)])
        case .powerUpFailed: breaking(.powerUp(purpose))
        default: closed(event)
        }
    }

    private static func noticingWake(
        _ event: Event, _ reason: Reason, _ purpose: Purpose
    ) -> Reaction? {
        guard event == .wakeNoticed else { return closed(event) }
        return .go(.disarmingWake(reason, .completePowerUp(purpose)), [.callDisarmWake(reason)])
    }

    private static func disarmingWake(
        _ event: Event, _ reason: Reason, _ next: AfterDisarm
    ) -> Reaction? {
        guard event == .disarmed else { return closed(event) }
        return switch next {
        case .completePowerUp(let purpose):
            .go(.completingPowerUp(purpose), [.completePowerUp])
        case .stop: .go(.stopping, [.stopIdle, .implicitD3(.removal)])
        case .broken(let breakdown): breaking(breakdown)
        }
    }

    private static func completingPowerUp(_ event: Event, _ purpose: Purpose) -> Reaction? {
        switch event {
        case .poweredUp:
            switch purpose {
            case .work: .go(.d0, [.idleUp])
            case .systemSleep(let wakes):
                .go(.stoppingIO(.sleep, wakes: wakes), [.powerDown(.sleep)])
            case .stop(let reason): .go(.stopping, [.stopIdle, .implicitD3(reason)])
            }
        case .powerUpFailed: breaking(.powerUp(purpose))
        default: closed(event)
        }
    }
}
