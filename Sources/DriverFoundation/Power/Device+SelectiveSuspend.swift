/// USB selective suspend (WAKE-7, U-17), where the bus can: the bus is asked before the device goes
/// down, and may refuse; the port is suspended when everything of the device is idle.
extension Device {
    private var suspendable: (any SuspendableDevice)? {
        state.value.hardware?.bus as? any SuspendableDevice
    }

    /// Whether there is anybody to ask.
    var asksToSuspend: Bool { idleSettings.suspends && suspendable != nil }

    func askToSuspend() {
        state.value.lifecycle.power.suspendRequest += 1
        state.value.lifecycle.power.wantsSuspend = true
        // One question at a time: what came too late is taken back before the next.
        if state.value.lifecycle.power.isAsking { return loop.reach(.askedAgain) }
        state.value.lifecycle.power.isAsking = true
        scope.task { [self] in
            while state.value.lifecycle.power.wantsSuspend { await askOnce() }
            state.value.lifecycle.power.isAsking = false
        }
    }

    private func askOnce() async {
        let request = state.value.lifecycle.power.suspendRequest
        let wakes = idleSettings.wakes
        var isGranted = false
        var refusal = DeviceError.removed
        let bus = suspendable
        do throws(BusError) {
            try await bus?.allowSuspend(wakes: wakes) { [weak self] in
                self?.post(PowerPolicyMachine.Event.wake)
            }
            isGranted = bus != nil
        } catch { refusal = DeviceError(error) }
        // Cancelled meanwhile: whatever the answer, it comes too late.
        guard request == state.value.lifecycle.power.suspendRequest else {
            loop.reach(.suspendAnsweredTooLate)
            if isGranted, !loop.isPlanted(.lateSuspendKept) { try? await bus?.forbidSuspend() }
            return
        }
        state.value.lifecycle.power.wantsSuspend = false
        state.value.lifecycle.power.isSuspended = isGranted
        observe(isGranted ? .suspendGranted : .suspendRefused(refusal))
        post(isGranted ? PowerPolicyMachine.Event.suspendGranted : .suspendRefused)
    }

    func cancelSuspend() {
        state.value.lifecycle.power.suspendRequest += 1
        state.value.lifecycle.power.wantsSuspend = false
    }

    /// Powers the device up, after the bus has resumed it. A resume that fails shows when the
    /// driver talks to the device.
    func powerUp() {
        guard state.value.lifecycle.power.isSuspended, let bus = suspendable else {
            return post(PowerMachine.Event.d0)
        }
        state.value.lifecycle.power.isSuspended = false
        scope.task { [self] in
            do throws(BusError) {
                try await bus.forbidSuspend()
                observe(.resumed)
            } catch { report("the bus could not resume it: \(DeviceError(error))") }
            post(PowerMachine.Event.d0)
        }
    }
}
