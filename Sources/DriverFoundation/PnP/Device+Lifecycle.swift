/// The engine of a device's machines: takes their events one at a time, and makes their effects
/// happen. The end of each callback is again an event, so nothing here waits.
extension Device {
    func post(_ event: PnPMachine.Event) {
        state.value.pnp.post(event)
        runMachines()
    }

    func post(_ event: PowerMachine.Event) {
        state.value.power.post(event)
        runMachines()
    }

    /// One runner: a post from inside an effect is taken after it.
    private func runMachines() {
        guard !state.value.isRunningMachines else { return }
        state.value.isRunningMachines = true
        defer { state.value.isRunningMachines = false }
        while true {
            if let effects = state.value.power.next() {
                for effect in effects { perform(effect) }
            } else if let effects = state.value.pnp.next() {
                for effect in effects { perform(effect) }
            } else {
                return
            }
        }
    }

    func observe(_ step: LifecycleStep) {
        record(.lifecycleStep, step.number)
        environment.observer?(self, step)
    }

    // MARK: Effects

    private func perform(_ effect: PowerMachine.Effect) {
        switch effect {
        case .callEnterD0:
            call(.enterD0, .d0Entered, .d0EntryFailed) { driver throws(DeviceError) in
                try await driver.enterD0(from: .d3Final)
            }
        case .callExitD0:
            call(.exitD0, .d0Exited, .d0ExitFailed) { driver throws(DeviceError) in
                try await driver.exitD0(to: .d3Final)
            }
        case .startQueues:
            // all are on before the first hands out.
            for queue in state.value.queues where queue.isPowerManaged { queue.powerUp() }
            observe(.queuesStarted)
        case .holdQueues:
            let queues = state.value.queues.filter(\.isPowerManaged)
            // All are off before the first is awaited: what leaves one must not come back by
            // another.
            for queue in queues { queue.hold() }
            scope.task { [self] in
                for queue in queues { await queue.settle() }
                observe(.queuesHeld)
                post(PowerMachine.Event.queuesHeld)
            }
        case .reportPoweredUp: post(PnPMachine.Event.poweredUp)
        case .reportPowerUpFailed: post(PnPMachine.Event.powerUpFailed)
        case .reportPoweredDown: post(PnPMachine.Event.poweredDown)
        case .reportPowerDownFailed: post(PnPMachine.Event.powerDownFailed)
        }
    }

    private func perform(_ effect: PnPMachine.Effect) {
        switch effect {
        case .callDeviceAdd: addDevice()
        case .acquireHardware: acquireHardware()
        case .callPrepareHardware:
            call(.prepareHardware, .hardwarePrepared, .prepareFailed) {
                driver throws(DeviceError) in
                try await driver.prepareHardware()
            }
        case .powerUp: post(PowerMachine.Event.implicitD0)
        case .powerDown: post(PowerMachine.Event.implicitD3)
        case .callQueryRemove:
            call(.queryRemove, .queryGranted, .queryRefused) { driver throws(DeviceError) in
                try await driver.queryRemove()
            }
        case .callSurpriseRemoval:
            noticeSurpriseRemoval()
        case .callReleaseHardware:
            call(.releaseHardware, .hardwareReleased, .releaseFailed) {
                driver throws(DeviceError) in
                try await driver.releaseHardware()
            }
        case .enableInterfaces, .disableInterfaces: performInterfaces(effect)
        case .grantRemove, .refuseRemove: answerQueries(isGranted: effect == .grantRemove)
        case .reportStarted, .reportStartFailed: reportStart(isStarted: effect == .reportStarted)
        case .purgePowerManagedQueues, .closeHardware, .purgeQueues, .waitForFiles:
            performClosing(effect)
        case .dispose: dispose()
        }
    }

    private func performClosing(_ effect: PnPMachine.Effect) {
        switch effect {
        case .purgePowerManagedQueues:
            let queues = state.value.queues.filter(\.isPowerManaged)
            scope.task { [self] in
                await purge(queues)
                observe(.powerManagedQueuesPurged)
                post(PnPMachine.Event.powerManagedQueuesPurged)
            }
        case .closeHardware:
            scope.task { [self] in
                await state.value.hardware.take()?.close()
                observe(.hardwareClosed)
                post(PnPMachine.Event.hardwareClosed)
            }
        case .purgeQueues:
            state.value.isGone = true
            let queues = state.value.queues
            scope.task { [self] in
                await purge(queues)
                await surpriseNoticed()
                observe(.queuesPurged)
                post(PnPMachine.Event.queuesPurged)
            }
        case .waitForFiles:
            // The last file to be closed reports it itself.
            if state.value.files.isEmpty { endIfFilesClosed() } else { closeFilesIfAwaited() }
        default: preconditionFailure("not a closing effect: \(effect)")
        }
    }

    private func purge(_ queues: [RequestQueue]) async {
        for queue in queues { queue.purge() }
        for queue in queues { await queue.settle() }
        for queue in queues { queue.end() }
    }

    /// Runs beside the other callbacks when the departure comes during an orderly removal.
    func noticeSurpriseRemoval() {
        state.value.isNoticing = true
        run(.surpriseRemoval, { driver throws(DeviceError) in await driver.surpriseRemoval() }) {
            [self] _ in
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

    /// Calls the driver in a task of its own; its end becomes an event.
    private func call(
        _ callback: DriverCallback, _ success: PnPMachine.Event, _ failure: PnPMachine.Event,
        _ body: @escaping @Sendable (any FunctionDriver) async throws(DeviceError) -> Void
    ) {
        run(callback, body) { [self] in post($0 ? success : failure) }
    }

    private func call(
        _ callback: DriverCallback, _ success: PowerMachine.Event, _ failure: PowerMachine.Event,
        _ body: @escaping @Sendable (any FunctionDriver) async throws(DeviceError) -> Void
    ) {
        run(callback, body) { [self] in post($0 ? success : failure) }
    }

    private func run(
        _ callback: DriverCallback,
        _ body: @escaping @Sendable (any FunctionDriver) async throws(DeviceError) -> Void,
        _ ended: @escaping @Sendable (Bool) -> Void
    ) {
        guard let driver = state.value.driver else { return ended(true) }
        scope.task { [self] in
            observe(.began(callback))
            do throws(DeviceError) {
                try await watched(callback) { () throws(DeviceError) in try await body(driver) }
                observe(.returned(callback))
                ended(true)
            } catch {
                note(error, from: callback)
                ended(false)
            }
        }
    }

    private func note(_ error: DeviceError, from callback: DriverCallback) {
        observe(.threw(callback, error))
        switch callback {
        case .deviceAdd, .prepareHardware, .enterD0: state.value.startError = error
        case .queryRemove: state.value.queryRefusal = error
        case .exitD0, .releaseHardware, .surpriseRemoval: break
        }
        if callback != .queryRemove {
            environment.logError("\(name): \(callback.rawValue): \(error)")
        }
    }

    private func addDevice() {
        scope.task { [self] in
            observe(.began(.deviceAdd))
            do throws(DeviceError) {
                try await watched(.deviceAdd) { () throws(DeviceError) in
                    state.value.driver = try await environment.makeDriver(self)
                }
                observe(.returned(.deviceAdd))
                post(PnPMachine.Event.deviceAdded)
            } catch {
                note(error, from: .deviceAdd)
                post(PnPMachine.Event.deviceAddFailed)
            }
        }
    }

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

    private func performInterfaces(_ effect: PnPMachine.Effect) {
        if effect == .enableInterfaces {
            for index in state.value.interfaces.indices {
                let id = environment.interfaces.nextID()
                state.value.interfaces[index].id = id
                environment.interfaces.enable(
                    DeviceInterface(
                        id: id, state.value.interfaces[index].0, deviceName: name, port: self))
            }
            observe(.interfacesEnabled)
        } else {
            if loop.isPlanted(.interfaceStaysEnabled) { return observe(.interfacesDisabled) }
            for index in state.value.interfaces.indices {
                guard let id = state.value.interfaces[index].id.take() else { continue }
                environment.interfaces.disable(id)
            }
            observe(.interfacesDisabled)
        }
    }

    private func answerQueries(isGranted: Bool) {
        let queries = state.value.removeQueries
        state.value.removeQueries = []
        let refusal =
            state.value.queryRefusal.take()
            ?? DeviceError(.invalidDeviceState, "\(name) cannot be removed in its present state.")
        for query in queries { query.resume(returning: isGranted ? nil : refusal) }
    }

    private func reportStart(isStarted: Bool) {
        state.value.isFailed = !isStarted
        observe(isStarted ? .started : .startFailed)
    }

    private func dispose() {
        observe(.disposed)
        // Taken out first: what the driver does as it goes may look at the device.
        let driver = state.value.driver.take()
        state.value.queues = []
        state.value.routes = []
        state.value.defaultQueue = nil
        state.value.pool = []
        if let driver { environment.verifier.deviceEnded(driver, of: name) }
        _ = consume driver
        let waiters = state.value.finalWaiters
        state.value.finalWaiters = []
        environment.forget(self)
        for waiter in waiters { waiter.resume() }
    }
}
