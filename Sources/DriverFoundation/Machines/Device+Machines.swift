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

    func post(_ event: PowerPolicyMachine.Event) {
        state.value.lifecycle.policy.post(event)
        runMachines()
    }

    func post(_ event: IdleMachine.Event) {
        state.value.lifecycle.idle.post(event)
        runMachines()
    }

    func post(_ event: SelfManagedIOMachine.Event) {
        state.value.lifecycle.selfManagedIO.post(event)
        runMachines()
    }

    /// One runner: a post from inside an effect is taken after it. The machine that is closest to
    /// the hardware comes first.
    func runMachines() {
        guard !state.value.lifecycle.isRunning else { return }
        state.value.lifecycle.isRunning = true
        defer { state.value.lifecycle.isRunning = false }
        while takeEvent() || answerD0Waiters() {}
    }

    private func takeEvent() -> Bool {
        if let effects = state.value.lifecycle.selfManagedIO.next() {
            for effect in effects { perform(effect) }
        } else if let effects = state.value.power.next() {
            for effect in effects { perform(effect) }
        } else if let effects = state.value.lifecycle.idle.next() {
            for effect in effects { perform(effect) }
        } else if let effects = state.value.lifecycle.policy.next() {
            for effect in effects { perform(effect) }
        } else if let effects = state.value.pnp.next() {
            for effect in effects { perform(effect) }
        } else {
            return false
        }
        return true
    }

    func observe(_ step: LifecycleStep) {
        record(.lifecycleStep, step.number)
        environment.observer?(self, step)
    }
}

/// What the machines of one device and their effects keep.
struct LifecycleState {
    var policy = MachineRun<PowerPolicyMachine>(.created)
    var idle = MachineRun<IdleMachine>(.stopped)
    var selfManagedIO = MachineRun<SelfManagedIOMachine>(.created)
    var isRunning = false
    var layers: [any DriverLayer] = []
    /// What looks for children each time the device enters D0.
    var childScans: [@Sendable () async throws(DeviceError) -> Void] = []
    /// The device whose D0 this one needs.
    var parent: Device?
    var parentReference: PowerReference?
    /// The devices that go before this one.
    var children: [Device] = []
    var isWaitingForChildren = false
    /// Who needs D0 now (WAKE-2).
    var references: [PowerReference] = []
    var d0Waiters: [@Sendable (DeviceError?) -> Void] = []
    var queryReference: PowerReference?
    var stopQueries: [Resumption<DeviceError?>] = []
    var stopRefusal: DeviceError?
    var idleTimer: Deadline?
    var idleSettings: IdleSettings?
    var sleepWaiters: [Resumption<Void>] = []
    var hasStarted = false
    var areInterfacesEnabled = false
    var vetoes: [RemovalVeto] = []
    var startWaiters: [Resumption<DeviceError?>] = []
}
