/// The callbacks of a device that are under way, and the alarm that names those that do not return.
struct CallbackWatch {
    var running: [(callback: DriverCallback, since: Instant)] = []
    var alarm: Deadline?
}

extension Device {
    /// Calls a callback as the verifier has it: watched, and failed where a test wants it.
    func watched(
        _ callback: DriverCallback, _ body: () async throws(DeviceError) -> Void
    ) async throws(DeviceError) {
        beginWatching(callback)
        defer { endWatching(callback) }
        if callback.mayThrow {
            try await environment.verifier.pass(around: callback.rawValue, body)
        } else {
            try await body()
        }
    }

    private func beginWatching(_ callback: DriverCallback) {
        state.value.watch.running.append((callback, loop.now))
        if state.value.watch.alarm?.isArmed == true { return }
        let alarm =
            state.value.watch.alarm ?? Deadline(on: loop) { [unowned self] in nameStuckCallbacks() }
        state.value.watch.alarm = alarm
        alarm.arm(after: callbackLimit)
    }

    private func endWatching(_ callback: DriverCallback) {
        if let index = state.value.watch.running.firstIndex(where: { $0.callback == callback }) {
            state.value.watch.running.remove(at: index)
        }
        if state.value.watch.running.isEmpty { state.value.watch.alarm?.disarm() }
    }

    private var callbackLimit: Duration {
        environment.verifier.options.callbackLimit ?? environment.watchdogInterval
    }

    private func nameStuckCallbacks() {
        for (callback, since) in state.value.watch.running {
            let time = since.duration(to: loop.now)
            guard time >= callbackLimit else { continue }
            environment.verifier.report(
                "VF-1", name, "\(callback.rawValue) has not returned for \(time)",
                "what it awaits does not come; await with a deadline, and end when the device goes",
                machines: machineReports)
        }
        state.value.watch.alarm?.arm(after: callbackLimit)
    }
}
