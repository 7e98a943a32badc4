/// What the owner of a device's power policy may do, which is its function driver and nobody else
/// (DEV-3): a filter has no such calls, nor has a device by itself.
extension FunctionDriver {
    /// Lets the device sleep when nothing has asked for it for `timeout` (WAKE-1): the driver's
    /// voice in its idle settings. May be called again, at any time.
    ///
    /// Threading: the device's scope.
    public nonisolated func idle(after timeout: Duration, wakes: Bool = false) {
        device.idle(after: timeout, wakes: wakes)
    }

    /// Replaces what the driver says about the device's sleep (WAKE-1). Takes effect at once: a
    /// device that may not idle any more is brought to D0.
    ///
    /// Threading: the device's scope.
    /// Errors: `.invalidRequest` for what cannot be, and then nothing has changed.
    public nonisolated func setIdle(_ settings: IdleSettings) throws(DeviceError) {
        try device.setIdle(settings, by: .driver)
    }

    /// Keeps the device from idling, and brings it back if it does, without waiting for that (WDF's
    /// StopIdle without wait); ``PowerReference/end()`` is its pair.
    ///
    /// Threading: the device's scope.
    public nonisolated func stopIdling(for purpose: String) -> PowerReference {
        device.stopIdling(for: purpose)
    }

    /// Runs `body` with the device in D0 (WDF's StopIdle with wait, and ResumeIdle; WAKE-3): brings
    /// it there, waits until it is, and keeps it there until `body` returns. `purpose` names who
    /// holds it in ``Device/idleReport``.
    ///
    /// Not from a callback of Plug and Play or power, nor from a handler of a power-managed queue:
    /// the first would wait for itself, the second has D0 already.
    /// Threading: the device's scope. Cancellation: none while it waits; `body` has its own.
    /// Errors: `.invalidDeviceState` when the device cannot be brought to D0, and what `body`
    /// throws.
    public nonisolated func withD0<Value>(
        for purpose: String = "the driver",
        _ body: () async throws(DeviceError) -> Value
    ) async throws(DeviceError) -> Value {
        try await device.withD0(for: purpose, body)
    }
}
