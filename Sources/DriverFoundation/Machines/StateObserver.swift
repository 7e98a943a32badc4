/// What tells a driver of its device's machines (DEV-13, CB-12).
struct StateObserver: Sendable {
    let machines: Set<DeviceMachine>
    let moments: Set<StateChange.Moment>
    let note: @Sendable (StateChange) -> Void
}

extension Device {
    /// EvtDevicePnpStateChange and its kin: tells the driver of each change of state of the given
    /// machines, at the given moments of it (ENG-4), in order, on its scope.
    ///
    /// The machines do not wait for it, and nothing that it does alters where they go: by the time
    /// it is told, they may be further. What changes in the device's last moments, when its driver
    /// is let go of, it is not told. In the driver's `init`, so that it hears of everything after.
    ///
    /// Errors: `.invalidDeviceState` once the device is being disposed of (OBJ-4).
    public func onStateChange<Driver: DriverActor>(
        of machines: Set<DeviceMachine> = [.plugAndPlay],
        at moments: Set<StateChange.Moment> = [.entering], for driver: isolated Driver,
        _ handler: @escaping @Sendable (isolated Driver, StateChange) async -> Void
    ) throws(DeviceError) {
        let pending = LoopConfined<[StateChange]>(on: loop, [])
        let worker = callbackWorker("state observer", for: driver) { driver in
            let changes = pending.value
            pending.value = []
            for change in changes { await handler(driver, change) }
        }
        _ = try own("state observer", "", worker, "DEV-13")
        let observer = StateObserver(machines: machines, moments: moments) { change in
            pending.value.append(change)
            _ = worker.enqueue()
        }
        state.value.parts.stateObservers.append(observer)
    }
}
