internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// Selective suspend as Linux has it (U-17): usbfs keeps a device awake as long as its node is
/// open, unless it is told otherwise; sysfs says whether the kernel suspends it at all.
extension LibUSBDevice: SuspendableDevice {
    func prepareToSuspend(wakes: Bool) async throws(BusError) {
        try await blocking("prepare the suspend") { (device) throws(BusError) in
            if wakes { try device.requireRemoteWakeup() }
        } _: { device in
            device.suspension.prepare(wakes: wakes)
        }
    }

    private func requireRemoteWakeup() throws(BusError) {
        guard configuration?.supportsRemoteWakeup == true else {
            throw BusError(.unsupported, "\(name) has no remote wake-up.")
        }
        // The kernel suspends their functions one by one (USB 3.2 §9.4.9), and leaves usbfs's out.
        guard description.speed < .super else {
            throw BusError(
                .unsupported,
                "\(name) runs at SuperSpeed, where Linux offers no remote wake-up to programs.")
        }
    }

    func allowSuspend(resumed: @escaping @Sendable () -> Void) async throws(BusError) {
        try await blocking("suspend") { (device) throws(BusError) in
            let count = device.flight.value.total
            guard count == 0 else {
                // The kernel would end them as it does when a device leaves.
                throw BusError(
                    .busy, "Cannot suspend \(device.name): \(count) transfers are in flight.")
            }
        } _: { device in
            device.suspension.allow { [loop = device.loop] in
                _ = loop.executeIfRunning(resumed)
            }
        }
    }

    func forbidSuspend() async throws(BusError) {
        let watch = try await blocking(
            "resume", check: { _ in }, { device in device.suspension.forbid() })
        await watch?.joined()
    }
}
