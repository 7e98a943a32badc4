/// How a device idles. What others than its function driver ask for is within this package alone
/// (DEV-3).
extension Device {
    package func idle(after timeout: Duration, wakes: Bool = false) {
        var settings = IdleSettings()
        settings.isEnabled = true
        settings.timeout = max(timeout, .zero)
        settings.wakes = wakes
        apply(settings, by: .driver)
    }

    /// Replaces what one voice says about the device's sleep (WAKE-1, WAKE-8).
    package func setIdle(
        _ settings: IdleSettings, by voice: IdleSettings.Voice
    ) throws(DeviceError) {
        if let problem = settings.problem {
            throw DeviceError(.invalidRequest, "WAKE-1: \(name): \(problem).")
        }
        apply(settings, by: voice)
    }

    /// What keeps the device from sleeping now, and what was settled by whom.
    ///
    /// Threading: the device's scope.
    public var idleReport: IdleReport {
        IdleReport(
            settings: idleSettings,
            holders: state.value.lifecycle.power.references.map {
                .init(
                    name: $0.name,
                    age: ($0.since ?? loop.now).duration(to: loop.now))
            }, isInD0: state.value.power.state == .d0)
    }

    var idleSettings: IdleSettings.Result { state.value.lifecycle.power.settings.result }

    private func apply(_ settings: IdleSettings, by voice: IdleSettings.Voice) {
        let old = idleSettings
        state.value.lifecycle.power.settings[voice] = settings
        let new = idleSettings
        guard new.isEnabled != old.isEnabled || new.isEnabled && new.timeout != old.timeout
        else { return }
        post(new.isEnabled ? PowerPolicyMachine.Event.idleEnabled : .idleDisabled)
    }

    func startIdleTimer() {
        let timer =
            state.value.lifecycle.power.timer
            ?? Deadline(on: loop) { [unowned self] in post(IdleMachine.Event.expired) }
        state.value.lifecycle.power.timer = timer
        timer.arm(after: idleSettings.timeout)
    }

    /// What is being armed counts, not what has been settled since: no USB device wakes from D3.
    func target(for reason: PowerPolicyMachine.Reason) -> PowerState {
        var wakes = false
        if case .stoppingIO(_, wakes: let armed) = state.value.lifecycle.policy.state {
            wakes = armed
        }
        switch reason {
        case .idle where wakes && idleSettings.state == .d3: return .d2
        case .idle: return idleSettings.state
        case .sleep: return wakes ? .d2 : .d3
        }
    }

    // MARK: Directed power down

    /// Takes the device down now, whoever needs it (WAKE-9). Any thread.
    package func suspendNow() async throws(DeviceError) {
        let error: DeviceError? = await loop.wait(ifEnded: .removed) { [self] answer in
            let refusal = DeviceError(.invalidDeviceState, "\(name) does not go down now.")
            // PNP-6: a query that is pending keeps it in D0, whoever commands.
            guard state.value.lifecycle.policy.state == .d0,
                state.value.lifecycle.power.query == nil
            else { return answer.resume(returning: refusal) }
            observe(.suspendDirected)
            post(IdleMachine.Event.directed)
            whenAtRest { device in
                switch device.state.value.lifecycle.policy.state {
                case .dx: answer.resume(returning: nil)
                case .askingToSuspend, .stoppingIO, .armingWake, .poweringDown: return false
                default: answer.resume(returning: refusal)
                }
                return true
            }
        }
        if let error { throw error }
    }

    /// Brings a device back that idles or was sent to sleep. Any thread.
    package func wakeNow() async throws(DeviceError) {
        let error: DeviceError? = await loop.wait(ifEnded: .removed) { [self] answer in
            let reference = PowerReference("a command to wake", on: self)
            reference.take()
            post(PowerPolicyMachine.Event.ioPresent)
            whenInD0 { error in
                reference.drop()
                answer.resume(returning: error)
            }
        }
        if let error { throw error }
    }
}
