/// USB selective suspend (WAKE-7, U-17), where the bus can: the bus is asked before the device goes
/// down, and may refuse; it suspends the port when the device is down, and everything else of it
/// is idle.
extension Device {
    private var suspendable: (any SuspendableDevice)? {
        state.value.hardware?.bus as? any SuspendableDevice
    }

    /// Whether there is anybody to ask.
    var asksToSuspend: Bool { idleSettings.suspends && suspendable != nil }

    /// A device that is to wake needs the bus for it, and stays in D0 without leave; any other
    /// sleeps without the bus then.
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
        let bus = suspendable
        let refusal = await refusal(of: bus, wakes: wakes)
        // Cancelled meanwhile: whatever the answer, it comes too late.
        guard request == state.value.lifecycle.power.suspendRequest else {
            loop.reach(.suspendAnsweredTooLate)
            if refusal == nil, !loop.isPlanted(.lateSuspendKept) {
                try? await bus?.forbidSuspend()
            }
            return
        }
        state.value.lifecycle.power.wantsSuspend = false
        state.value.lifecycle.power.isSuspended = refusal == nil
        observe(refusal.map { .suspendRefused(DeviceError($0)) } ?? .suspendGranted)
        let goesDown = refusal.map { !wakes && $0.code != .deviceGone } ?? true
        post(goesDown ? PowerPolicyMachine.Event.suspendGranted : .suspendRefused)
    }

    private func refusal(of bus: (any SuspendableDevice)?, wakes: Bool) async -> BusError? {
        guard let bus else { return BusError(.deviceGone, "The hardware is given back.") }
        do throws(BusError) { try await bus.prepareToSuspend(wakes: wakes) } catch { return error }
        return nil
    }

    func cancelSuspend() {
        state.value.lifecycle.power.suspendRequest += 1
        state.value.lifecycle.power.wantsSuspend = false
    }

    /// The driver has taken the device down: now the bus may suspend it. Where it then does not,
    /// a device that was to wake comes back.
    func poweredDown() {
        guard state.value.lifecycle.power.isSuspended, let bus = suspendable,
            case .poweringDown(.idle, let isArmed, returns: false) =
                state.value.lifecycle.policy.state
        else { return post(PowerPolicyMachine.Event.poweredDown) }
        scope.task { [self] in
            var hasFailed = false
            do throws(BusError) {
                try await bus.allowSuspend { [weak self] in
                    self?.post(PowerPolicyMachine.Event.wake)
                }
            } catch {
                hasFailed = error.code != .deviceGone
                report("the bus could not suspend it: \(DeviceError(error))")
            }
            post(PowerPolicyMachine.Event.poweredDown)
            if hasFailed, isArmed { post(PowerPolicyMachine.Event.wakeFailed) }
        }
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
