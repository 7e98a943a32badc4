extension Device {
    /// Makes a control device that lives no longer than this device (CD-1, FL-4). Its handlers run
    /// on this device's scope.
    public func addControlDevice(named name: String) -> ControlDevice {
        let control = ControlDevice(named: name, scope: scope, in: environment)
        state.value.stack.ownControls.append(control)
        return control
    }

    /// The device ends: what it made goes with it.
    func deleteControlDevices() {
        let controls = state.value.stack.ownControls
        state.value.stack.ownControls = []
        for control in controls { control.delete() }
    }

    /// A deleted control device is gone when nobody has it open.
    func endControlIfClosed() {
        guard let control = state.value.stack.control, control.isDeleted, !control.isEnded,
            state.value.files.isEmpty, state.value.queues.allSatisfy({ $0.ownedCount == 0 })
        else { return }
        state.value.stack.control?.isEnded = true
        scope.task { [self] in
            await disposeObjects()
            endControl()
        }
    }

    private func endControl() {
        dropObjects()
        removeDrivers()
        state.value.queues = []
        state.value.requestPool.empty()
        state.value.parts.isDisposed = true
        state.value.stack.control?.driver = nil
        state.value.stack.control?.shutdown = nil
        let waiters = state.value.finalWaiters
        state.value.finalWaiters = []
        state.value.stack.control?.forget()
        for waiter in waiters { waiter.resume() }
    }
}
