/// How the engine calls the driver: in a task, whose end becomes an event.
extension Device {
    /// Posts `success` or `failure` when the driver has returned or thrown.
    func call(
        _ call: DriverCall, _ success: PnPMachine.Event, _ failure: PnPMachine.Event
    ) {
        run(call) { [self] in post($0 ? success : failure) }
    }

    func call(
        _ call: DriverCall, _ success: PowerMachine.Event, _ failure: PowerMachine.Event
    ) {
        run(call) { [self] in post($0 ? success : failure) }
    }

    func call(
        _ call: DriverCall, _ success: SelfManagedIOMachine.Event,
        _ failure: SelfManagedIOMachine.Event
    ) {
        run(call) { [self] in post($0 ? success : failure) }
    }

    func call(
        _ call: DriverCall, _ success: PowerPolicyMachine.Event,
        _ failure: PowerPolicyMachine.Event
    ) {
        run(call) { [self] in post($0 ? success : failure) }
    }

    /// Calls `ended`, with whether the call succeeded; at once when there is no driver.
    func run(_ call: DriverCall, _ ended: @escaping @Sendable (Bool) -> Void) {
        guard let driver = state.value.driver else { return ended(true) }
        scope.task { [self] in
            do throws(DeviceError) { try await invoke(call, on: driver) } catch {
                note(error, from: call.callback)
                return ended(false)
            }
            ended(true)
        }
    }

    func addDevice() {
        connectPower()
        scope.task { [self] in
            observe(.began(.deviceAdd))
            do throws(DeviceError) {
                try await watched(.deviceAdd) { () throws(DeviceError) in try await addDrivers() }
                observe(.returned(.deviceAdd))
                post(PnPMachine.Event.deviceAdded)
            } catch {
                observe(.threw(.deviceAdd, error))
                note(error, from: .deviceAdd)
                post(PnPMachine.Event.deviceAddFailed)
            }
        }
    }

    /// Keeps what a caller is told, and reports the rest.
    private func note(_ error: DeviceError, from callback: DriverCallback) {
        switch callback {
        case .queryRemove: return state.value.queryRefusal = error
        case .queryStop: return state.value.lifecycle.stopRefusal = error
        case .deviceAdd, .prepareHardware, .enterD0, .postInterruptsEnabled,
            .initializeSelfManagedIO, .restartSelfManagedIO:
            state.value.startError = error
        default: break
        }
        environment.logError("\(name): \(callback.rawValue): \(error)")
    }
}
