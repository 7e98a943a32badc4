/// The way down (WAKE-6: wake is armed when I/O has stopped, before D0Exit).
extension PowerPolicyMachine {
    /// WAKE-7: the bus has not said yet that the device may suspend.
    static func askingToSuspend(_ event: Event, _ wakes: Bool) -> Reaction? {
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

    static func stoppingIO(
        _ event: Event, _ reason: Reason, _ wakes: Bool
    ) -> Reaction? {
        guard event == .ioStopped else { return closedGoingDown(event) }
        return wakes
            ? .go(.armingWake(reason), [.callArmWake(reason)])
            : .go(
                .poweringDown(reason, isArmed: false, returns: false), [.completePowerDown])
    }

    static func armingWake(_ event: Event, _ reason: Reason) -> Reaction? {
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

    static func poweringDown(
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
    static func dx(_ event: Event, isArmed: Bool) -> Reaction? {
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

    static func asleep(_ event: Event, _ sleep: Sleep) -> Reaction? {
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
    static func gone(_ reason: Reason, isArmed: Bool) -> Reaction {
        isArmed
            ? .go(.disarmingWake(reason, .stop), [.callDisarmWake(reason)])
            : .go(.stopping, [.stopIdle, .implicitD3(.removal)])
    }

    static func poweringUp(
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

    static func noticingWake(
        _ event: Event, _ reason: Reason, _ purpose: Purpose
    ) -> Reaction? {
        guard event == .wakeNoticed else { return closed(event) }
        return .go(.disarmingWake(reason, .completePowerUp(purpose)), [.callDisarmWake(reason)])
    }

    static func disarmingWake(
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

    static func completingPowerUp(_ event: Event, _ purpose: Purpose) -> Reaction? {
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
