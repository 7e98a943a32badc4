/// Who waits for a queue to settle.
struct QueueSettling {
    /// For what.
    enum Condition: Hashable, Sendable {
        /// The driver owns nothing, or has said that it keeps it through a time out of D0 (R-16).
        case power
        /// The driver owns nothing.
        case noneOwned
        /// Nothing waits, and the driver owns nothing.
        case empty
    }

    var waiters: [(condition: Condition, resumption: Resumption<Void>)] = []
    var watchdog: Deadline?
    // The driver's call that still waits (Q-7).
    var change: String?
    // Stop handlers that have not answered yet.
    var telling = 0
}

extension RequestQueue {
    private func isSettled(_ condition: QueueSettling.Condition) -> Bool {
        switch condition {
        case .power:
            state.value.settling.telling == 0
                && state.value.owned.allSatisfy {
                    !state.value.isShutDown && $0.state.value.stop.isAcknowledged
                }
        case .noneOwned: state.value.owned.isEmpty
        case .empty:
            state.value.owned.isEmpty
                && (state.value.waiting.isEmpty || device.loop.isPlanted(.drainEndsEarly))
        }
    }

    /// Calls `begin`, then waits for `condition`; says what the driver owns each time the
    /// watchdog's interval has passed (Q-14). It waits without limit.
    func settle(until condition: QueueSettling.Condition, _ begin: () -> Void = {}) async {
        // Looked at and noted in one step: entering an asynchronous function may let others run.
        await Resumption.wait { settled in
            begin()
            if isSettled(condition) { return settled.resume() }
            state.value.settling.waiters.append((condition, settled))
            let watchdog = watchdog
            if !watchdog.isArmed { watchdog.arm(after: device.environment.watchdogInterval) }
        }
    }

    private var watchdog: Deadline {
        if let present = state.value.settling.watchdog { return present }
        let made = Deadline(on: device.loop) { [unowned self] in reportOwned() }
        state.value.settling.watchdog = made
        return made
    }

    private func reportOwned() {
        for core in state.value.owned.all {
            let time = core.state.value.since.duration(to: device.loop.now)
            device.report(
                "Q-14: the driver has owned request \(core.state.value.number)"
                    + " (\(core.state.value.kind)) of \(name) for \(time): complete it, or give the"
                    + " queue a stop handler that acknowledges; until then"
                    + " \(state.value.settling.change ?? "the device's leaving D0") waits")
        }
        state.value.settling.watchdog?.arm(after: device.environment.watchdogInterval)
    }

    /// Wakes those whose condition holds.
    func resumeSettled() {
        guard !state.value.settling.waiters.isEmpty else { return }
        let waiters = state.value.settling.waiters
        let settled = waiters.filter { isSettled($0.condition) }
        if settled.isEmpty { return }
        state.value.settling.waiters = waiters.filter { !isSettled($0.condition) }
        if state.value.settling.waiters.isEmpty { state.value.settling.watchdog?.disarm() }
        if device.loop.isPlanted(.lostWakeOfSettle) { return }
        for (_, resumption) in settled { resumption.resume() }
    }
}
