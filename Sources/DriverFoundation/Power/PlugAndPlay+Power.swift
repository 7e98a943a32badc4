/// What the program that runs the drivers may say about a device's power, for the machine's
/// administrator and the user before it.
extension PlugAndPlay {
    /// Replaces what the administrator or the user says about a device's sleep (WAKE-8); the
    /// driver's voice is its own (DEV-3). Takes effect at once: a device that may not idle any more
    /// is brought to D0.
    ///
    /// Threading: any.
    /// Errors: `.invalidRequest` for what cannot be, and then nothing has changed; `.removed` when
    /// the device's loop has ended.
    public func setIdle(
        _ settings: IdleSettings, of device: Device, by voice: IdleSettings.Voice
    ) async throws(DeviceError) {
        if voice == .driver {
            throw DeviceError(
                .invalidRequest, "DEV-3: only the driver of \(device.name) speaks as its driver.")
        }
        let result = await device.loop.perform { () -> Result<Void, DeviceError> in
            do throws(DeviceError) {
                return .success(try device.setIdle(settings, by: voice))
            } catch { return .failure(error) }
        }
        try (result ?? .failure(.removed)).get()
    }

    /// Takes a device down now, whoever needs it (WAKE-9). The next who asks for it brings it back,
    /// as after any idling; so does ``wake(_:)``.
    ///
    /// Threading: any. Cancellation: none.
    /// Errors: `.invalidDeviceState` when the device is not in D0 or did not go down.
    public func suspend(_ device: Device) async throws(DeviceError) {
        try await device.suspendNow()
    }

    /// Brings a device back that idles or was sent to sleep, and returns when it is in D0.
    ///
    /// Threading: any. Cancellation: none.
    /// Errors: `.invalidDeviceState` when it cannot be brought to D0.
    public func wake(_ device: Device) async throws(DeviceError) { try await device.wakeNow() }
}
