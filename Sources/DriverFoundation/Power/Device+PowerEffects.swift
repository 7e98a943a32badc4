/// What the power machine and that of self-managed I/O ask for.
extension Device {
    func perform(_ effect: PowerMachine.Effect) {
        switch effect {
        case .referenceParent: referenceParent()
        case .releaseParent: releaseParentPower()
        case .callEnterD0(let previous):
            call(.enterD0(from: previous), .d0Entered, .d0EntryFailed)
        case .enableInterrupts: switchInterrupts(on: true)
        case .callPostInterruptsEnabled(let previous):
            call(
                .postInterruptsEnabled(from: previous), .postInterruptsEnabled,
                .postInterruptsFailed)
        case .scanChildren: scanChildren()
        case .startQueues:
            // all are on before the first hands out.
            for queue in state.value.queues where queue.isPowerManaged { queue.powerUp() }
            observe(.queuesStarted)
        case .startSelfManagedIO: post(SelfManagedIOMachine.Event.start)
        case .suspendSelfManagedIO: post(SelfManagedIOMachine.Event.suspend)
        case .holdQueues(let reason): holdQueues(for: reason)
        case .callPreInterruptsDisabled(let next):
            call(.preInterruptsDisabled(to: next), .preInterruptsDisabled, .preInterruptsFailed)
        case .disableInterrupts: switchInterrupts(on: false)
        case .callExitD0(let next): call(.exitD0(to: next), .d0Exited, .d0ExitFailed)
        case .reportHardwareStarted: post(PowerPolicyMachine.Event.hardwareStarted)
        case .reportPoweredUp: post(PowerPolicyMachine.Event.poweredUp)
        case .reportPowerUpFailed: post(PowerPolicyMachine.Event.powerUpFailed)
        case .reportIOStopped: post(PowerPolicyMachine.Event.ioStopped)
        case .reportPoweredDown: poweredDown()
        case .reportPowerDownFailed: post(PowerPolicyMachine.Event.powerDownFailed)
        }
    }

    /// A child in D0 keeps its parent there (WAKE-2, B-9).
    private func referenceParent() {
        guard isChild else { return post(PowerMachine.Event.parentInD0) }
        scope.task { [self] in
            do throws(DeviceError) { try await acquireParentPower() } catch {
                state.value.startError = error
                return post(PowerMachine.Event.parentFailed)
            }
            post(PowerMachine.Event.parentInD0)
        }
    }

    private func switchInterrupts(on: Bool) {
        if state.value.parts.interrupts.isEmpty {
            return post(on ? PowerMachine.Event.interruptsEnabled : .interruptsDisabled)
        }
        scope.task { [self] in
            do throws(DeviceError) {
                if on { try await enableInterrupts() } else { try await disableInterrupts() }
            } catch {
                observe(.interruptsFailed(error))
                if on { state.value.startError = error }
                report("interrupts: \(error)")
                return post(
                    on ? PowerMachine.Event.interruptEnableFailed : .interruptDisableFailed)
            }
            observe(on ? .interruptsEnabled : .interruptsDisabled)
            post(on ? PowerMachine.Event.interruptsEnabled : .interruptsDisabled)
        }
    }

    private func scanChildren() {
        guard scansForChildren else { return post(PowerMachine.Event.childrenScanned) }
        scope.task { [self] in
            await scanForChildren()
            observe(.childrenScanned)
            post(PowerMachine.Event.childrenScanned)
        }
    }

    private func holdQueues(for reason: HoldReason) {
        let queues = state.value.queues.filter(\.isPowerManaged)
        // All are off before the first is awaited: what leaves one must not come back by another.
        for queue in queues { queue.hold(for: reason == .suspend ? .suspend : .removal) }
        scope.task { [self] in
            for queue in queues { await queue.settle() }
            observe(.queuesHeld)
            post(PowerMachine.Event.queuesHeld)
        }
    }

    func perform(_ effect: SelfManagedIOMachine.Effect) {
        switch effect {
        case .callInitialize: call(.initializeSelfManagedIO, .initialized, .initializeFailed)
        case .callSuspend: call(.suspendSelfManagedIO, .suspended, .suspendFailed)
        case .callRestart: call(.restartSelfManagedIO, .restarted, .restartFailed)
        case .callFlush: call(.flushSelfManagedIO, .flushed, .flushed)
        case .callCleanUp: call(.cleanUpSelfManagedIO, .cleanedUp, .cleanedUp)
        case .reportStarted: post(PowerMachine.Event.selfManagedIOStarted)
        case .reportStartFailed: post(PowerMachine.Event.selfManagedIOFailed)
        case .reportSuspended: post(PowerMachine.Event.selfManagedIOSuspended)
        case .reportSuspendFailed: post(PowerMachine.Event.selfManagedIOSuspendFailed)
        case .reportFlushed: post(PnPMachine.Event.selfManagedIOFlushed)
        case .reportCleanedUp: post(PnPMachine.Event.selfManagedIOCleanedUp)
        }
    }
}
