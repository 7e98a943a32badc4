/// What the Plug and Play machine asks for.
extension Device {
    func perform(_ effect: PnPMachine.Effect) {
        switch effect {
        case .callDeviceAdd: addDevice()
        case .acquireHardware: acquireHardware()
        case .callPrepareHardware: call(.prepareHardware, .hardwarePrepared, .prepareFailed)
        case .callReleaseHardware: call(.releaseHardware, .hardwareReleased, .releaseFailed)
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
                let hardware = try await Hardware.acquire(for: self)
                state.value.hardware = hardware
                observe(.hardwareAcquired)
                if state.value.isGone { hardware.interrupt() }
                post(PnPMachine.Event.hardwareAcquired)
            } catch {
                state.value.startError = error
                observe(.hardwareRefused(error))
                environment.logError("\(name): \(error)")
                post(PnPMachine.Event.hardwareRefused)
            }
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
            state.value.lifecycle.hasStarted = true
            observe(.started)
        case .reportStartFailed:
            state.value.isFailed = true
            observe(.startFailed)
        case .reportStopped: observe(.stopped)
        case .reportFailed:
            state.value.isFailed = true
            observe(.failed)
        default: preconditionFailure("not a report: \(effect)")
        }
        answerStart(effect)
    }

    // MARK: Questions

    private func performQuestion(_ effect: PnPMachine.Effect) {
        switch effect {
        case .callQueryRemove:
            ask(.queryRemove)
        case .callQueryStop:
            ask(.queryStop)
        case .holdD0:
            let reference = PowerReference("a query that is pending", on: self)
            state.value.lifecycle.queryReference = reference
            reference.take()
            whenInD0 { [self] error in
                post(error == nil ? PnPMachine.Event.deviceInD0 : .d0Refused)
            }
        case .releaseD0: state.value.lifecycle.queryReference.take()?.drop()
        case .grant(.remove): grantRemoveQueries()
        case .refuse(.remove): refuseRemoveQueries()
        case .grant(.stop): answerStopQueries(isGranted: true)
        case .refuse(.stop): answerStopQueries(isGranted: false)
        default: preconditionFailure("not a question: \(effect)")
        }
    }

    /// DEV-16: whoever has a veto is asked before the driver.
    private func ask(_ question: DriverCall) {
        guard let veto = state.value.lifecycle.vetoes.first else {
            return question == .queryRemove
                ? askHoldersAndDriver() : call(question, .queryGranted, .queryRefused)
        }
        let refusal = DeviceError(.busy, "\(name) cannot be removed or stopped: \(veto.reason).")
        if question == .queryRemove {
            state.value.queryRefusal = refusal
        } else {
            state.value.lifecycle.stopRefusal = refusal
        }
        observe(.vetoed(veto.reason))
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
        let children = state.value.lifecycle.children
        switch effect {
        case .removeChildren: for child in children { child.beginRemoval() }
        case .surpriseRemoveChildren: for child in children { child.departed() }
        case .waitForChildren:
            state.value.lifecycle.isWaitingForChildren = true
            endIfChildless()
        default: preconditionFailure("not about children: \(effect)")
        }
    }

    /// A child has come to its end.
    func childEnded(_ child: Device) {
        state.value.lifecycle.children.removeAll { $0 === child }
        endIfChildless()
    }

    private func endIfChildless() {
        guard state.value.lifecycle.isWaitingForChildren, state.value.lifecycle.children.isEmpty
        else { return }
        state.value.lifecycle.isWaitingForChildren = false
        post(PnPMachine.Event.childrenRemoved)
    }
}
