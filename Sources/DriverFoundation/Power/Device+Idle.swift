/// How a device idles.
extension Device {
    var mayIdle: Bool { state.value.lifecycle.idleSettings != nil }
    var wakesFromIdle: Bool { state.value.lifecycle.idleSettings?.wakes == true }
    var asksToSuspend: Bool { false }

    func target(for reason: PowerPolicyMachine.Reason) -> PowerState {
        switch reason {
        case .idle: state.value.lifecycle.idleSettings?.state ?? .d3
        case .sleep: .d3
        }
    }

    func askToSuspend() { post(PowerPolicyMachine.Event.suspendGranted) }

    func cancelSuspend() {}

    func startIdleTimer() {
        let timer =
            state.value.lifecycle.idleTimer
            ?? Deadline(on: loop) { [unowned self] in post(IdleMachine.Event.expired) }
        state.value.lifecycle.idleTimer = timer
        timer.arm(after: state.value.lifecycle.idleSettings?.timeout ?? .seconds(5))
    }
}
