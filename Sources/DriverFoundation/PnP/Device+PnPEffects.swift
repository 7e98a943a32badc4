/// What the Plug and Play machine asks for.
extension Device {
    func perform(_ effect: PnPMachine.Effect) {
        switch effect {
        case .callDeviceAdd: addDevice()
        case .acquireHardware: acquireHardware()
        case .callPrepareHardware: call(.prepareHardware, .hardwarePrepared, .prepareFailed)
        case .callReleaseHardware: releaseHardware()
        case .callSurpriseRemoval: noticeSurpriseRemoval()
        case .startPolicy: post(PowerPolicyMachine.Event.start)
        case .stopPolicy(let reason): post(PowerPolicyMachine.Event.stop(reason))
        case .surpriseRemovePolicy: post(PowerPolicyMachine.Event.surpriseRemove)
        case .removePolicy: post(PowerPolicyMachine.Event.remove)
        case .enableInterfaces: offerInterfaces()
        case .disableInterfaces: withdrawInterfaces()
        case .reportStarted, .reportStartFailed, .reportStopped, .reportFailed: report(effect)
        case .callQueryRemove, .callQueryStop, .grant, .refuse, .holdD0, .releaseD0:
            performQuestion(effect)
        case .removeChildren, .surpriseRemoveChildren, .waitForChildren: performChildren(effect)
        case .purgePowerManagedQueues, .flushSelfManagedIO, .closeHardware, .purgeQueues,
            .cleanUpSelfManagedIO, .waitForFiles, .decideRestart, .dispose:
            performClosing(effect)
        }
    }

    // MARK: Hardware and interfaces

    private func acquireHardware() {
        scope.task { [self] in
            do throws(DeviceError) {
                if let hardware = try await Hardware.acquire(for: self) {
                    state.value.hardware = hardware
                    observe(.hardwareAcquired)
                    if state.value.isGone { hardware.interrupt() }
                }
                post(PnPMachine.Event.hardwareAcquired)
            } catch {
                state.value.startError = error
                observe(.hardwareRefused(error))
                environment.logError("\(name): \(error)")
                post(PnPMachine.Event.hardwareRefused)
            }
        }
    }

    /// DEV-11: of a failed device perhaps not before the end of its children.
    private func releaseHardware() {
        guard state.value.pnp.state == .releasingHardware(.failure), hasChildren else {
            return call(.releaseHardware, .hardwareReleased, .releaseFailed)
        }
        scope.task { [self] in
            await waitForDescendantsOnFailure()
            call(.releaseHardware, .hardwareReleased, .releaseFailed)
        }
    }

    /// After a stop they are enabled still (PNP-9).
    private func offerInterfaces() {
        if state.value.lifecycle.areInterfacesEnabled { return }
        state.value.lifecycle.areInterfacesEnabled = true
        enableInterfaces()
        observe(.interfacesEnabled)
    }

    private func withdrawInterfaces() {
        guard state.value.lifecycle.areInterfacesEnabled else { return }
        state.value.lifecycle.areInterfacesEnabled = false
        disableInterfaces()
        observe(.interfacesDisabled)
    }

    private func report(_ effect: PnPMachine.Effect) {
        switch effect {
        case .reportStarted:
            state.value.isFailed = false
            environment.hasStarted(self)
            observe(.started)
            beginEnumerating()
        case .reportStartFailed:
            state.value.isFailed = true
            logMachines("cannot be started")
            observe(.startFailed)
        case .reportStopped:
            observe(.stopped)
            endEnumerating()
        case .reportFailed:
            state.value.isFailed = true
            logMachines("has failed")
            observe(.failed)
        default: preconditionFailure("not a report: \(effect)")
        }
    }

    /// What the machines did last is what a failure is understood by (ENG-4).
    private func logMachines(_ problem: String) {
        let reports = machineReports.map { "\n    \($0)" }.joined()
        environment.logWarning("\(name) \(problem); its machines:\(reports)")
    }

    // MARK: Questions

    private func performQuestion(_ effect: PnPMachine.Effect) {
        switch effect {
        case .callQueryRemove:
            ask(.queryRemove)
        case .callQueryStop:
            ask(.queryStop)
        case .holdD0:
            state.value.lifecycle.power.query = stopIdling(for: "a query that is pending")
            whenInD0 { [self] error in
                // A removal has overtaken the question.
                guard case .ensuringAwake = state.value.pnp.state else { return }
                post(error == nil ? PnPMachine.Event.deviceInD0 : .d0Refused)
            }
        case .releaseD0: state.value.lifecycle.power.query.take()?.drop()
        case .grant(.remove): grantRemoveQueries()
        case .refuse(.remove): refuseRemoveQueries()
        case .grant(.stop): answerStopQueries(isGranted: true)
        case .refuse(.stop): answerStopQueries(isGranted: false)
        default: preconditionFailure("not a question: \(effect)")
        }
    }

    /// DEV-16: what was said before decides without the driver.
    private func ask(_ question: DriverCall) {
        guard let veto = standingVeto else {
            return question == .queryRemove
                ? askHoldersAndDriver() : call(question, .queryGranted, .queryRefused)
        }
        if question == .queryRemove {
            state.value.queryRefusal = veto
        } else {
            state.value.lifecycle.stopRefusal = veto
        }
        observe(.vetoed(veto))
        post(PnPMachine.Event.queryRefused)
    }

    /// T-6: drivers that have the device open are asked before its own.
    private func askHoldersAndDriver() {
        scope.task { [self] in
            do throws(DeviceError) { try await askFileHolders() } catch {
                state.value.queryRefusal = error
                return post(PnPMachine.Event.queryRefused)
            }
            call(.queryRemove, .queryGranted, .queryRefused)
        }
    }

    private var wrongState: DeviceError {
        DeviceError(.invalidDeviceState, "\(name) does not agree in its present state.")
    }

    private func grantRemoveQueries() {
        let queries = state.value.removeQueries
        state.value.removeQueries = []
        for query in queries { query.resume(returning: nil) }
    }

    /// T-6: those that had agreed know before whoever asked.
    private func refuseRemoveQueries() {
        let queries = state.value.removeQueries
        state.value.removeQueries = []
        let refusal = state.value.queryRefusal.take() ?? wrongState
        scope.task { [self] in
            await tellRemoveCanceled()
            for query in queries { query.resume(returning: refusal) }
        }
    }

    private func answerStopQueries(isGranted: Bool) {
        let queries = state.value.lifecycle.stopQueries
        state.value.lifecycle.stopQueries = []
        let refusal = state.value.lifecycle.stopRefusal.take() ?? wrongState
        for query in queries { query.resume(returning: isGranted ? nil : refusal) }
    }

    // MARK: Children

    private func performChildren(_ effect: PnPMachine.Effect) {
        switch effect {
        case .removeChildren, .surpriseRemoveChildren:
            guard hasChildren else { return }
            state.value.lifecycle.childRemovals += 1
            let isSurprise = effect == .surpriseRemoveChildren
            scope.task { [self] in
                await removeChildren(isSurprise: isSurprise)
                state.value.lifecycle.childRemovals -= 1
                endIfChildless()
            }
        case .waitForChildren:
            state.value.lifecycle.isWaitingForChildren = true
            endIfChildless()
        default: preconditionFailure("not about children: \(effect)")
        }
    }

    private func endIfChildless() {
        guard state.value.lifecycle.isWaitingForChildren,
            state.value.lifecycle.childRemovals == 0
        else { return }
        state.value.lifecycle.isWaitingForChildren = false
        post(PnPMachine.Event.childrenRemoved)
    }
}
