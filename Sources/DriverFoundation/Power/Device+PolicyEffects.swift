/// What the power policy machine and the idle machine ask for.
extension Device {
    func perform(_ effect: PowerPolicyMachine.Effect) {
        switch effect {
        case .implicitD0: post(PowerMachine.Event.implicitD0)
        case .implicitD3(let reason): post(PowerMachine.Event.implicitD3(reason))
        case .powerDown(let reason): post(PowerMachine.Event.dx(target(for: reason)))
        case .completePowerDown: post(PowerMachine.Event.completeDx)
        case .powerUp: powerUp()
        case .completePowerUp: post(PowerMachine.Event.completeD0)
        case .askToSuspend: askToSuspend()
        case .cancelSuspend: cancelSuspend()
        case .callArmWake(let reason): call(.armWake(for: reason.wake), .armed, .armFailed)
        case .callWakeTriggered(let reason):
            call(.wakeTriggered(for: reason.wake), .wakeNoticed, .wakeNoticed)
        case .callDisarmWake(let reason):
            call(.disarmWake(for: reason.wake), .disarmed, .disarmed)
        case .startIdle, .stopIdle, .enableIdle, .disableIdle, .idleDown, .idleUp,
            .idleUpFailed:
            performIdle(effect)
        case .acknowledgeSleep: acknowledgeSleep()
        case .reportStarted: post(PnPMachine.Event.policyStarted)
        case .reportStartFailed: post(PnPMachine.Event.policyStartFailed)
        case .reportStopped: post(PnPMachine.Event.policyStopped)
        case .reportStopFailed: post(PnPMachine.Event.policyStopFailed)
        case .reportRemoved: post(PnPMachine.Event.policyRemoved)
        case .reportPowerUpFailed: post(PnPMachine.Event.powerUpFailed)
        case .reportPowerDownFailed: post(PnPMachine.Event.powerDownFailed)
        }
    }

    private func performIdle(_ effect: PowerPolicyMachine.Effect) {
        let isBusy = !state.value.lifecycle.power.references.isEmpty
        switch effect {
        case .startIdle:
            guard idleSettings.isEnabled else { return post(IdleMachine.Event.disable) }
            post(isBusy ? IdleMachine.Event.startBusy : .start)
        case .stopIdle: post(IdleMachine.Event.stop)
        case .enableIdle: post(isBusy ? IdleMachine.Event.enableBusy : .enable)
        case .disableIdle: post(IdleMachine.Event.disable)
        case .idleDown:
            noteIdleDown()
            post(IdleMachine.Event.down)
        case .idleUp:
            state.value.lifecycle.power.loop.up()
            post(isBusy ? IdleMachine.Event.upBusy : .up)
        case .idleUpFailed: post(IdleMachine.Event.upFailed)
        default: preconditionFailure("not about idling: \(effect)")
        }
    }

    func perform(_ effect: IdleMachine.Effect) {
        switch effect {
        case .startTimer: startIdleTimer()
        case .cancelTimer:
            if !loop.isPlanted(.idleTimerLeftArmed) {
                state.value.lifecycle.power.timer?.disarm()
            }
        case .reportTimeout:
            observe(.idleTimeout)
            postTimeout()
        case .reportDirected: postTimeout()
        case .reportIOPresent:
            noteWake()
            post(PowerPolicyMachine.Event.ioPresent)
        }
    }

    private func postTimeout() {
        post(PowerPolicyMachine.Event.timeout(wakes: idleSettings.wakes, asks: asksToSuspend))
    }
}

extension PowerPolicyMachine.Reason {
    /// As drivers are told it.
    var wake: WakeReason { self == .idle ? .idle : .systemSleep }
}
