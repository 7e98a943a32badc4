/// Where the system's sleep comes from: a session manager, a test.
///
/// Threading: any.
public protocol SleepSource: AnyObject, Sendable {
    /// Calls `handler` for each change from now on. Its return is the acknowledgement: the system
    /// must not sleep before it, though it may have to after a time of its own.
    func begin(_ handler: @escaping @Sendable (SystemSleep) async -> Void) async
    /// Calls it no more.
    func end() async
}

/// What a ``SleepSource`` says.
public enum SystemSleep: Sendable, Hashable, CaseIterable {
    /// The system is about to sleep.
    case falling
    /// The system works again.
    case awake
}

extension Device {
    /// The system falls asleep: takes the device down, and returns when it is (PNP-5).
    func systemFallsAsleep() async {
        await loop.wait(ifEnded: ()) { [self] done in
            if loop.isPlanted(.sleepAcknowledgedEarly) {
                done.resume()
            } else {
                state.value.lifecycle.power.sleepers.append(done)
            }
            post(PowerPolicyMachine.Event.systemSleep(wakes: idleSettings.wakesSystem))
        }
    }

    /// The system works again: brings the device back, unless it was idle before and may stay so.
    /// Returns when that is done.
    func systemWakes() async {
        await loop.wait(ifEnded: ()) { [self] done in
            let settings = idleSettings
            post(
                PowerPolicyMachine.Event.resume(
                    powersIdle: settings.wakes || settings.wakesSystem
                        || settings.powersUpWithSystem))
            whenAtRest { device in
                switch device.state.value.lifecycle.policy.state {
                case .poweringUp, .noticingWake, .disarmingWake, .completingPowerUp,
                    .stoppingIO(.sleep, _), .armingWake(.sleep), .poweringDown(.sleep, _, _):
                    return false
                default:
                    done.resume()
                    return true
                }
            }
        }
    }

    func acknowledgeSleep() {
        if loop.isPlanted(.sleepNotAcknowledged), !state.value.lifecycle.power.sleepers.isEmpty {
            return
        }
        let sleepers = state.value.lifecycle.power.sleepers
        state.value.lifecycle.power.sleepers = []
        for sleeper in sleepers { sleeper.resume() }
    }
}
