/// A named claim that a device be in D0 (WAKE-2): while any is held, the device does not idle, and
/// a device in Dx comes back.
///
/// Threading: the loop.
final class PowerReference: Sendable {
    private struct State {
        var count = 0
        var since = Instant(nanoseconds: 0)
    }

    /// Who holds it, as reports say.
    let name: String
    private unowned let device: Device
    private let state: LoopConfined<State>

    init(_ name: String, on device: Device) {
        self.name = name
        self.device = device
        state = LoopConfined(on: device.loop, State())
    }

    /// Since when it is held; `nil` when it is not.
    var since: Instant? { state.value.count > 0 ? state.value.since : nil }

    /// Holds it, once more when it is held.
    func take() {
        state.value.count += 1
        guard state.value.count == 1 else { return }
        state.value.since = device.loop.now
        device.referenced(by: self)
    }

    /// The pair of each ``take()``.
    func drop() {
        contract(state.value.count > 0, "WAKE-2: \(name) gives up D0 of \(device.name) twice")
        state.value.count -= 1
        if state.value.count == 0 { device.dereferenced(by: self) }
    }
}

/// The counting.
extension Device {
    fileprivate func referenced(by reference: PowerReference) {
        state.value.lifecycle.references.append(reference)
        if state.value.lifecycle.references.count == 1 { post(IdleMachine.Event.referenced) }
    }

    fileprivate func dereferenced(by reference: PowerReference) {
        state.value.lifecycle.references.removeAll { $0 === reference }
        if state.value.lifecycle.references.isEmpty { post(IdleMachine.Event.released) }
    }

    /// Calls `body` when the device is in D0 and the machines rest, or with the reason why it will
    /// not be. To be called with a reference held.
    func whenInD0(_ body: @escaping @Sendable (DeviceError?) -> Void) {
        state.value.lifecycle.d0Waiters.append(body)
        runMachines()
    }

    /// Looks at what was waited for between two events; whether somebody was answered.
    func answerD0Waiters() -> Bool {
        if state.value.lifecycle.d0Waiters.isEmpty { return false }
        let error: DeviceError?
        switch state.value.lifecycle.policy.state {
        case .d0: error = nil
        case .stopping, .stopped, .broken, .removed:
            error = DeviceError(.invalidDeviceState, "\(name) cannot be brought to D0 (WAKE-3).")
        default: return false
        }
        let waiters = state.value.lifecycle.d0Waiters
        state.value.lifecycle.d0Waiters = []
        for waiter in waiters { waiter(error) }
        return true
    }
}
