internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// A virtual port suspends at once whatever is allowed to be; a device that may wake its host does
/// so by ``DevicePort/signalResume()``.
extension VirtualBusDevice: SuspendableDevice {
    func prepareToSuspend(wakes: Bool) async throws(BusError) {
        let canWake = try await onLoop { [self] () throws(BusError) in
            try requirePresent()
            let configuration = upstream.configuration.flatMap(upstream.description.configuration)
            return configuration?.supportsRemoteWakeup == true
        }
        guard wakes else { return }
        guard canWake else {
            throw BusError(.unsupported, "Device \(id) has no remote wake-up.")
        }
        try await request(.setFeature(.deviceRemoteWakeup))
    }

    func allowSuspend(resumed: @escaping @Sendable () -> Void) async throws(BusError) {
        try await onLoop { [self] () throws(BusError) in
            try requirePresent()
            guard !isMoving else {
                throw BusError(
                    .busy, "Cannot suspend device \(id): a transfer is in flight.")
            }
            upstream.suspend(resumed)
        }
    }

    func forbidSuspend() async throws(BusError) {
        let isArmed = try await onLoop { [self] () throws(BusError) in
            try requirePresent()
            return upstream.resume()
        }
        if isArmed { try await request(.clearFeature(.deviceRemoteWakeup)) }
    }
}
