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
        let request = state.value.lifecycle.power.suspendRequest
        let wakes = idleSettings.wakes
        guard let bus = suspendable else { return post(PowerPolicyMachine.Event.suspendRefused) }
        scope.task { [self] in
            var isGranted = false
            do throws(BusError) {
                try await bus.allowSuspend(wakes: wakes) { [weak self] in
                    self?.post(PowerPolicyMachine.Event.wake)
                }
                isGranted = true
            } catch { observe(.suspendRefused(DeviceError(error))) }
            // Cancelled meanwhile: whatever the answer, it comes too late.
            guard request == state.value.lifecycle.power.suspendRequest else {
                if isGranted { try? await bus.forbidSuspend() }
                return
            }
            state.value.lifecycle.power.isSuspended = isGranted
            if isGranted { observe(.suspendGranted) }
            post(isGranted ? PowerPolicyMachine.Event.suspendGranted : .suspendRefused)
        }
    }

    func cancelSuspend() { state.value.lifecycle.power.suspendRequest += 1 }

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
