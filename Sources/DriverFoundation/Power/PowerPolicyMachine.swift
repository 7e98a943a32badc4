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
    static func created(_ event: Event) -> Reaction? {
        switch event {
        case .start: .go(.starting, [.implicitD0])
        case .remove: .go(.removed, [.reportRemoved])
        default: resting(event)
        }
    }

    static func starting(_ event: Event) -> Reaction? {
        switch event {
        case .poweredUp: .go(.d0, [.startIdle, .reportStarted])
        case .powerUpFailed: .go(.stopped, [.reportStartFailed])
        // Plug and Play waits for the start.
        case .stop, .surpriseRemove: nil
        default: closed(event)
        }
    }

    static func d0(_ event: Event) -> Reaction? {
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

    static func stopping(_ event: Event) -> Reaction? {
        switch event {
        case .poweredDown: .go(.stopped, [.reportStopped])
        case .powerDownFailed: .go(.stopped, [.reportStopFailed])
        // Acknowledged when it is down.
        case .systemSleep: .later
        default: resting(event)
        }
    }

    static func stopped(_ event: Event) -> Reaction? {
        switch event {
        case .start: .go(.starting, [.implicitD0])
        case .remove: .go(.removed, [.reportRemoved])
        default: resting(event)
        }
    }

    /// Plug and Play has been told, and will stop it; or does already, for another reason, and must
    /// not take it for a device that can come back.
    static func broken(_ event: Event) -> Reaction? {
        switch event {
        case .stop, .surpriseRemove: .go(.stopped, [.reportStopFailed])
        default: resting(event)
        }
    }

    /// The way up or down did not end well.
    static func breaking(_ breakdown: Breakdown) -> Reaction {
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
