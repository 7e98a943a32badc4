/// The engine of a device's machines: takes their events one at a time, and makes their effects
/// happen. The end of each callback is again an event, so nothing here waits.
extension Device {
    func post(_ event: PnPMachine.Event) {
        reach(event)
        state.value.pnp.post(event)
        runMachines()
    }

    func post(_ event: PowerMachine.Event) {
        state.value.power.post(event)
        runMachines()
    }

    func post(_ event: PowerPolicyMachine.Event) {
        reach(event)
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
        while takeEvent() || answerWaiters() {}
    }

    private func takeEvent() -> Bool {
        if take(\.lifecycle.selfManagedIO, .selfManagedIO, perform) { return true }
        if take(\.power, .power, perform) { return true }
        if take(\.lifecycle.idle, .idle, perform) { return true }
        if take(\.lifecycle.policy, .powerPolicy, perform) { return true }
        return take(\.pnp, .plugAndPlay, perform)
    }

    /// Takes one event of one machine, if there is any.
    private func take<Machine: StateMachine>(
        _ run: WritableKeyPath<State, MachineRun<Machine>>, _ machine: DeviceMachine,
        _ perform: (Machine.Effect) -> Void
    ) -> Bool {
        guard let decision = state.value[keyPath: run].decide() else { return false }
        let left = state.value[keyPath: run].state
        // Events that stay or wait change no state.
        guard case .go(let entered, _) = decision.step, left != entered else {
            for effect in state.value[keyPath: run].follow(decision) { perform(effect) }
            return true
        }
        observe(machine, .leaving, from: left, to: entered)
        let effects = state.value[keyPath: run].follow(decision)
        observe(machine, .entering, from: left, to: entered)
        for effect in effects { perform(effect) }
        observe(machine, .after, from: left, to: entered)
        return true
    }

    private func observe(
        _ machine: DeviceMachine, _ moment: StateChange.Moment, from left: some Sendable,
        to entered: some Sendable
    ) {
        let observers = state.value.parts.stateObservers
        // The texts are for those who look at them.
        if environment.stateObserver == nil, observers.isEmpty { return }
        let change = StateChange(
            machine: machine, moment: moment, from: machineText(left), to: machineText(entered))
        environment.stateObserver?(self, change)
        for observer in observers
        where observer.machines.contains(machine) && observer.moments.contains(moment) {
            observer.note(change)
        }
    }

    /// Looks at what is waited for, when no event is left; whether somebody was answered, which may
    /// have led to events.
    private func answerWaiters() -> Bool {
        if state.value.lifecycle.waiters.isEmpty { return false }
        let waiters = state.value.lifecycle.waiters
        state.value.lifecycle.waiters = []
        let left = waiters.filter { !$0(self) }
        // Those that came meanwhile are behind.
        state.value.lifecycle.waiters = left + state.value.lifecycle.waiters
        return left.count < waiters.count
    }

    /// Calls `body` whenever the machines rest, now included, until it returns `true`.
    func whenAtRest(_ body: @escaping @Sendable (Device) -> Bool) {
        state.value.lifecycle.waiters.append(body)
        runMachines()
    }

    func observe(_ step: LifecycleStep) {
        record(.lifecycleStep, step.number)
        environment.observer?(self, step)
    }
}
