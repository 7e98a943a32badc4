import DriverFoundation

/// What each machine's effects do: the composition, exactly as the framework's engine has it.
extension Tables {
    private func post(_ event: PnPMachine.Event) -> Operation {
        .post(.pnp, alphabet.pnp.number(event))
    }
    private func post(_ event: PowerMachine.Event) -> Operation {
        .post(.power, alphabet.power.number(event))
    }
    private func post(_ event: PowerPolicyMachine.Event) -> Operation {
        .post(.policy, alphabet.policy.number(event))
    }
    private func post(_ event: IdleMachine.Event) -> Operation {
        .post(.idle, alphabet.idle.number(event))
    }
    private func post(_ event: SelfManagedIOMachine.Event) -> Operation {
        .post(.selfManagedIO, alphabet.selfManagedIO.number(event))
    }

    func operation(_ effect: SelfManagedIOMachine.Effect) -> Operation {
        switch effect {
        case .callInitialize: .begin(.initialize)
        case .callSuspend: .begin(.suspend)
        case .callRestart: .begin(.restart)
        case .callFlush: .begin(.flush)
        case .callCleanUp: .begin(.cleanUp)
        case .reportStarted: post(PowerMachine.Event.selfManagedIOStarted)
        case .reportStartFailed: post(PowerMachine.Event.selfManagedIOFailed)
        case .reportSuspended: post(PowerMachine.Event.selfManagedIOSuspended)
        case .reportSuspendFailed: post(PowerMachine.Event.selfManagedIOSuspendFailed)
        case .reportFlushed: post(PnPMachine.Event.selfManagedIOFlushed)
        case .reportCleanedUp: post(PnPMachine.Event.selfManagedIOCleanedUp)
        }
    }

    func operation(_ effect: PowerMachine.Effect) -> Operation {
        switch effect {
        case .referenceParent: .referenceParent
        case .releaseParent: .releaseParent
        case .callEnterD0(let from): .beginEnteringD0(from: LowState(from))
        case .enableInterrupts: .begin(.enableInterrupts)
        case .callPostInterruptsEnabled(let from): .beginPostInterrupts(from: LowState(from))
        case .scanChildren: .begin(.scanChildren)
        case .startQueues: .startQueues
        case .startSelfManagedIO: post(SelfManagedIOMachine.Event.start)
        case .suspendSelfManagedIO: post(SelfManagedIOMachine.Event.suspend)
        case .holdQueues(let reason): .beginHoldingQueues(isForRemoval: reason == .removal)
        case .callPreInterruptsDisabled(let to): .beginPreInterrupts(to: LowState(to))
        case .disableInterrupts: .begin(.disableInterrupts)
        case .callExitD0(let to): .beginExitingD0(to: LowState(to))
        case .reportHardwareStarted: post(PowerPolicyMachine.Event.hardwareStarted)
        case .reportPoweredUp: .reportPowered(isUp: true, isFailed: false)
        case .reportPowerUpFailed: .reportPowered(isUp: true, isFailed: true)
        case .reportIOStopped: post(PowerPolicyMachine.Event.ioStopped)
        case .reportPoweredDown: .reportPowered(isUp: false, isFailed: false)
        case .reportPowerDownFailed: .reportPowered(isUp: false, isFailed: true)
        }
    }

    func operation(_ effect: IdleMachine.Effect) -> Operation {
        switch effect {
        case .startTimer: .begin(.timer)
        case .cancelTimer: .cancel(.timer)
        case .reportTimeout, .reportDirected: .reportTimeout
        case .reportIOPresent: .reportIOPresent
        }
    }

    func operation(_ effect: PowerPolicyMachine.Effect) -> Operation {
        switch effect {
        case .implicitD0: post(PowerMachine.Event.implicitD0)
        case .implicitD3(let reason): post(PowerMachine.Event.implicitD3(reason))
        case .powerDown(.idle): post(PowerMachine.Event.dx(.d2))
        case .powerDown(.sleep): post(PowerMachine.Event.dx(.d3))
        case .completePowerDown: post(PowerMachine.Event.completeDx)
        case .powerUp: post(PowerMachine.Event.d0)
        case .completePowerUp: post(PowerMachine.Event.completeD0)
        case .askToSuspend: .begin(.suspendAnswer)
        case .cancelSuspend: .cancel(.suspendAnswer)
        case .callArmWake(let reason): .beginArming(forSleep: reason == .sleep)
        case .callWakeTriggered(let reason): .beginTriggered(forSleep: reason == .sleep)
        case .callDisarmWake(let reason): .beginDisarming(forSleep: reason == .sleep)
        case .startIdle: .startIdle
        case .stopIdle: post(IdleMachine.Event.stop)
        case .enableIdle: .enableIdle
        case .disableIdle: post(IdleMachine.Event.disable)
        case .idleDown: post(IdleMachine.Event.down)
        case .idleUp: .idleUp
        case .idleUpFailed: post(IdleMachine.Event.upFailed)
        case .acknowledgeSleep: .acknowledgeSleep
        case .reportStarted: post(PnPMachine.Event.policyStarted)
        case .reportStartFailed: post(PnPMachine.Event.policyStartFailed)
        case .reportStopped: post(PnPMachine.Event.policyStopped)
        case .reportStopFailed: post(PnPMachine.Event.policyStopFailed)
        case .reportRemoved: post(PnPMachine.Event.policyRemoved)
        case .reportPowerUpFailed: .reportBroken(isUp: true)
        case .reportPowerDownFailed: .reportBroken(isUp: false)
        }
    }

    func operation(_ effect: PnPMachine.Effect) -> Operation {
        switch effect {
        case .callDeviceAdd: .begin(.deviceAdd)
        case .acquireHardware: .begin(.acquireHardware)
        case .callPrepareHardware: .begin(.prepareHardware)
        case .startPolicy: post(PowerPolicyMachine.Event.start)
        case .stopPolicy(let reason): post(PowerPolicyMachine.Event.stop(reason))
        case .surpriseRemovePolicy: post(PowerPolicyMachine.Event.surpriseRemove)
        case .removePolicy: post(PowerPolicyMachine.Event.remove)
        case .enableInterfaces: .enableInterfaces
        case .disableInterfaces: .disableInterfaces
        case .reportStarted: .answerStart(isStarted: true)
        case .reportStartFailed: .answerStart(isStarted: false)
        case .reportStopped: .reportStopped
        case .reportFailed: .reportFailed
        case .callQueryRemove: .begin(.queryRemove)
        case .callQueryStop: .begin(.queryStop)
        case .grant(let question): .answer(isRemoval: question == .remove, isGranted: true)
        case .refuse(let question): .answer(isRemoval: question == .remove, isGranted: false)
        case .holdD0: .holdD0
        case .releaseD0: .releaseD0
        case .callSurpriseRemoval: .begin(.surpriseRemoval)
        case .removeChildren, .surpriseRemoveChildren: .removeChildren
        case .waitForChildren: .begin(.children)
        case .callReleaseHardware: .begin(.releaseHardware)
        case .purgePowerManagedQueues: .begin(.purgePowerManagedQueues)
        case .flushSelfManagedIO: post(SelfManagedIOMachine.Event.flush)
        case .closeHardware: .begin(.closeHardware)
        case .decideRestart: .decideRestart
        case .purgeQueues: .begin(.purgeQueues)
        case .cleanUpSelfManagedIO: post(SelfManagedIOMachine.Event.cleanUp)
        case .waitForFiles: .begin(.files)
        case .dispose: .dispose
        }
    }
}

extension LowState {
    /// The environment idles in D2, and sleeps in D3.
    init(_ state: PowerState) {
        switch state {
        case .d2: self = .idle
        case .d3: self = .asleep
        case .d0, .d1, .d3Final: self = .off
        }
    }
}

extension Activity {
    /// What its end tells, and whom.
    func end(isSuccess: Bool, _ alphabet: Alphabet) -> Operation {
        switch self {
        case .deviceAdd, .acquireHardware, .prepareHardware, .queryRemove, .queryStop,
            .surpriseRemoval, .releaseHardware, .purgePowerManagedQueues, .closeHardware,
            .purgeQueues, .children, .files:
            .post(.pnp, alphabet.pnp.number(pnpEnd(isSuccess)))
        case .parent, .enterD0, .enableInterrupts, .postInterrupts, .scanChildren, .holdQueues,
            .preInterrupts, .disableInterrupts, .exitD0:
            .post(.power, alphabet.power.number(powerEnd(isSuccess)))
        case .initialize, .suspend, .restart, .flush, .cleanUp:
            .post(.selfManagedIO, alphabet.selfManagedIO.number(selfManagedIOEnd(isSuccess)))
        case .arm: .post(.policy, alphabet.policy.number(isSuccess ? .armed : .armFailed))
        case .wakeTriggered: .post(.policy, alphabet.policy.number(.wakeNoticed))
        case .disarm: .post(.policy, alphabet.policy.number(.disarmed))
        case .suspendAnswer:
            .post(.policy, alphabet.policy.number(isSuccess ? .suspendGranted : .suspendRefused))
        case .timer: .post(.idle, alphabet.idle.number(.expired))
        }
    }

    private func pnpEnd(_ isSuccess: Bool) -> PnPMachine.Event {
        switch self {
        case .deviceAdd: isSuccess ? .deviceAdded : .deviceAddFailed
        case .acquireHardware: isSuccess ? .hardwareAcquired : .hardwareRefused
        case .prepareHardware: isSuccess ? .hardwarePrepared : .prepareFailed
        case .queryRemove, .queryStop: isSuccess ? .queryGranted : .queryRefused
        case .surpriseRemoval: .surpriseNoticed
        case .releaseHardware: isSuccess ? .hardwareReleased : .releaseFailed
        case .purgePowerManagedQueues: .powerManagedQueuesPurged
        case .closeHardware: .hardwareClosed
        case .purgeQueues: .queuesPurged
        case .children: .childrenRemoved
        default: .filesClosed
        }
    }

    private func powerEnd(_ isSuccess: Bool) -> PowerMachine.Event {
        switch self {
        case .parent: isSuccess ? .parentInD0 : .parentFailed
        case .enterD0: isSuccess ? .d0Entered : .d0EntryFailed
        case .enableInterrupts: isSuccess ? .interruptsEnabled : .interruptEnableFailed
        case .postInterrupts: isSuccess ? .postInterruptsEnabled : .postInterruptsFailed
        case .scanChildren: isSuccess ? .childrenScanned : .scanFailed
        case .preInterrupts: isSuccess ? .preInterruptsDisabled : .preInterruptsFailed
        case .disableInterrupts: isSuccess ? .interruptsDisabled : .interruptDisableFailed
        case .exitD0: isSuccess ? .d0Exited : .d0ExitFailed
        default: .queuesHeld
        }
    }

    private func selfManagedIOEnd(_ isSuccess: Bool) -> SelfManagedIOMachine.Event {
        switch self {
        case .initialize: isSuccess ? .initialized : .initializeFailed
        case .suspend: isSuccess ? .suspended : .suspendFailed
        case .restart: isSuccess ? .restarted : .restartFailed
        case .flush: .flushed
        default: .cleanedUp
        }
    }
}
