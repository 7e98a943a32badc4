/// What the power machine and that of self-managed I/O ask for.
extension Device {
    func perform(_ effect: PowerMachine.Effect) {
        switch effect {
        case .referenceParent: referenceParent()
        case .releaseParent: state.value.lifecycle.parentReference.take()?.drop()
        case .callEnterD0(let previous):
            call(.enterD0(from: previous), .d0Entered, .d0EntryFailed)
        case .enableInterrupts: connectInterrupts()
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
        case .disableInterrupts: disconnectInterrupts()
        case .callExitD0(let next): call(.exitD0(to: next), .d0Exited, .d0ExitFailed)
        case .reportHardwareStarted: post(PowerPolicyMachine.Event.hardwareStarted)
        case .reportPoweredUp: post(PowerPolicyMachine.Event.poweredUp)
        case .reportPowerUpFailed: post(PowerPolicyMachine.Event.powerUpFailed)
        case .reportIOStopped: post(PowerPolicyMachine.Event.ioStopped)
        case .reportPoweredDown: post(PowerPolicyMachine.Event.poweredDown)
        case .reportPowerDownFailed: post(PowerPolicyMachine.Event.powerDownFailed)
        }
    }

    /// A child in D0 keeps its parent there (WAKE-2).
    private func referenceParent() {
        guard let parent = state.value.lifecycle.parent else {
            return post(PowerMachine.Event.parentInD0)
        }
        let reference = PowerReference("\(name), a child in D0", on: parent)
        state.value.lifecycle.parentReference = reference
        reference.take()
        parent.whenInD0 { [self] error in
            post(error == nil ? PowerMachine.Event.parentInD0 : .parentFailed)
        }
    }

    private func connectInterrupts() {
        if state.value.parts.interrupts.isEmpty {
            return post(PowerMachine.Event.interruptsEnabled)
        }
        scope.task { [self] in
            do throws(DeviceError) { try await enableInterrupts() } catch {
                state.value.startError = error
                observe(.interruptsFailed(error))
                return post(PowerMachine.Event.interruptEnableFailed)
            }
            observe(.interruptsEnabled)
            post(PowerMachine.Event.interruptsEnabled)
        }
    }

    /// In reverse, and to the end whatever fails (PNP-2, PNP-15).
    private func disconnectInterrupts() {
        if state.value.parts.interrupts.isEmpty {
            return post(PowerMachine.Event.interruptsDisabled)
        }
        scope.task { [self] in
            do throws(DeviceError) { try await disableInterrupts() } catch {
                report("an interrupt could not be disabled: \(error)")
                observe(.interruptsDisabled)
                return post(PowerMachine.Event.interruptDisableFailed)
            }
            observe(.interruptsDisabled)
            post(PowerMachine.Event.interruptsDisabled)
        }
    }

    private func scanChildren() {
        let scans = state.value.lifecycle.childScans
        if scans.isEmpty { return post(PowerMachine.Event.childrenScanned) }
        scope.task { [self] in
            do throws(DeviceError) {
                for scan in scans { try await scan() }
            } catch {
                state.value.startError = error
                report("its children could not be found: \(error)")
                return post(PowerMachine.Event.scanFailed)
            }
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
