/// Stopping a device for a while, and starting it again (PNP-9, PNP-10).
extension Device {
    /// Stops the device, to be started again (PNP-9): asks the driver, which may veto, takes it
    /// down and gives the hardware back. Its interfaces and files stay; requests wait.
    ///
    /// Threading: any. Cancellation: none.
    /// Errors: what ``FunctionDriver/queryStop()`` threw; `.invalidDeviceState` when the device is
    /// not started; what made the stop fail.
    public func stop() async throws(DeviceError) {
        let refusal: DeviceError? = await loop.wait(ifEnded: .removed) { [self] answer in
            // One answer is for all who ask before it.
            let isFirst = state.value.lifecycle.stopQueries.isEmpty
            state.value.lifecycle.stopQueries.append(answer)
            if isFirst { post(PnPMachine.Event.queryStop) }
        }
        if let refusal { throw refusal }
        try await arrive(at: .stopped, after: .stop)
    }

    /// Starts a device that is stopped; does nothing when it is started.
    ///
    /// Threading: any. Cancellation: none.
    /// Errors: what made the start fail.
    public func start() async throws(DeviceError) { try await arrive(at: .started, after: .start) }

    /// Stops the device without asking its driver, and starts it again at once (PNP-10).
    ///
    /// Threading: any. Cancellation: none.
    /// Errors: what made the stop or the start fail.
    public func restart() async throws(DeviceError) {
        try await arrive(at: .started, after: .restart)
    }

    private func arrive(
        at place: PnPMachine.State, after event: PnPMachine.Event
    ) async throws(DeviceError) {
        let error: DeviceError? = await loop.wait(ifEnded: .removed) { [self] answer in
            state.value.startError = nil
            post(event)
            whenAtRest { device in
                let found = device.state.value.pnp.state
                if found == place {
                    answer.resume(returning: nil)
                    return true
                }
                guard found.isLasting else { return false }
                answer.resume(
                    returning: device.state.value.startError
                        ?? DeviceError(
                            .invalidDeviceState, "\(device.name) is \(found), not \(place)."))
                return true
            }
        }
        if let error { throw error }
    }

    /// Says that the device does not work any more (DEV-17): it is taken down, and, if `restarts`,
    /// started anew with a new driver, five times a minute at most (PNP-18).
    ///
    /// Threading: any.
    public func setFailed(restarts: Bool) {
        onLoop { [self] in
            reachFailure()
            state.value.lifecycle.mayRestart = restarts
            post(PnPMachine.Event.setFailed)
        }
    }

    /// Whether the device could not be started or has stopped working.
    public var isFailed: Bool { state.value.isFailed }

    /// PNP-18: a device that has failed is removed and made anew, if that may help.
    func decideRestart() {
        let isGranted =
            state.value.lifecycle.mayRestart && !state.value.lifecycle.hasDeparted
            && !state.value.isRemoving && environment.mayRestart(self)
        observe(isGranted ? .restartGranted : .restartRefused)
        loop.reach(isGranted ? .restartGranted : .restartRefused)
        guard isGranted else { return }
        state.value.lifecycle.isRestarting = true
        scope.task { [self] in await removeWithoutQuery() }
    }
}

extension PnPMachine.State {
    /// Whether nothing leads out of it by itself.
    fileprivate var isLasting: Bool {
        switch self {
        case .created, .initialized, .started, .removePending, .stopPending, .stopped, .failed,
            .waitingForFiles, .final:
            true
        default: false
        }
    }
}
