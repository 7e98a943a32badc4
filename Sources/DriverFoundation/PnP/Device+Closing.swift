/// The end of a device: what the Plug and Play machine asks for on the way out.
extension Device {
    func performClosing(_ effect: PnPMachine.Effect) {
        switch effect {
        case .purgePowerManagedQueues:
            let queues = state.value.queues.filter(\.isPowerManaged)
            scope.task { [self] in
                await purge(queues)
                observe(.powerManagedQueuesPurged)
                post(PnPMachine.Event.powerManagedQueuesPurged)
            }
        case .flushSelfManagedIO: post(SelfManagedIOMachine.Event.flush)
        case .closeHardware: closeHardware()
        case .purgeQueues: purgeQueues()
        case .cleanUpSelfManagedIO: post(SelfManagedIOMachine.Event.cleanUp)
        case .waitForFiles:
            // The last file to be closed reports it itself.
            if state.value.files.isEmpty { endIfFilesClosed() } else { closeFilesIfAwaited() }
        case .decideRestart: decideRestart()
        case .dispose:
            scope.task { [self] in
                await disposeObjects()
                dispose()
            }
        default: preconditionFailure("not a closing effect: \(effect)")
        }
    }

    private func purge(_ queues: [RequestQueue]) async {
        for queue in queues { queue.shutDown() }
        for queue in queues { await queue.settle() }
        for queue in queues { queue.end() }
    }

    private func closeHardware() {
        scope.task { [self] in
            state.value.lifecycle.power.isSuspended = false
            await endInterruptsOfHardware()
            if let hardware = state.value.hardware.take() {
                await hardware.close()
                observe(.hardwareClosed)
            }
            post(PnPMachine.Event.hardwareClosed)
        }
    }

    private func purgeQueues() {
        state.value.isGone = true
        endWaits()
        let queues = state.value.queues
        endInterfaces()
        beginDeletingTargets()
        parentQueue?.cancelRequests(of: self)
        scope.task { [self] in
            await purge(queues)
            await targetsDeleted()
            await tellRemoveComplete()
            await surpriseNoticed()
            observe(.queuesPurged)
            post(PnPMachine.Event.queuesPurged)
        }
    }

    /// Runs beside the other callbacks when the departure comes during an orderly removal.
    func noticeSurpriseRemoval() {
        state.value.isNoticing = true
        run(.surpriseRemoval) { [self] _ in
            state.value.isNoticing = false
            let waiters = state.value.noticeWaiters
            state.value.noticeWaiters = []
            for waiter in waiters { waiter.resume() }
            post(PnPMachine.Event.surpriseNoticed)
        }
    }

    /// Returns when no `surpriseRemoval()` runs: the device must not end before its driver's
    /// callback.
    private func surpriseNoticed() async {
        await Resumption.wait { noticed in
            if !state.value.isNoticing { return noticed.resume() }
            state.value.noticeWaiters.append(noticed)
        }
    }

    private func dispose() {
        observe(.disposed)
        state.value.lifecycle.power.timer?.disarm()
        // Taken out first: what the driver does as it goes may look at the device.
        state.value.queues = []
        state.value.requestPool.empty()
        if let driver = state.value.driver { environment.verifier.deviceEnded(driver, of: name) }
        deleteControlDevices()
        removeDrivers()
        endRelations()
        dropObjects()
        state.value.parts.isDisposed = true
        let waiters = state.value.finalWaiters
        state.value.finalWaiters = []
        environment.forget(self)
        state.value.lifecycle.layers = []
        parent?.childEnded(self)
        for waiter in waiters { waiter.resume() }
    }
}
