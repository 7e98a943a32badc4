extension Device {
    /// Runs `body` with what the bus itself works with for this device (CX-3): over `LibUSBBus` a
    /// `libusb_device_handle`. The way out, for what the framework does not offer; a driver that
    /// takes it is for one bus.
    ///
    /// From `prepareHardware()` to `releaseHardware()`. `body` does not wait, and nothing of what
    /// it was lent lasts longer than it.
    ///
    /// Threading: the device's scope; nothing else happens on the loop meanwhile.
    /// Errors: `.removed` without hardware, which is also after its release or departure;
    /// `.invalidRequest` on a bus that has nothing beyond its port; what `body` throws.
    public func withBusDevice<Value>(
        _ body: (borrowing LentBusDevice) throws(DeviceError) -> Value
    ) throws(DeviceError) -> Value {
        guard let hardware = state.value.hardware, !hardware.isClosed, !isGone else {
            throw DeviceError.removed
        }
        var result = Result<Value, DeviceError>.failure(.removed)
        do throws(BusError) {
            try hardware.bus.lend { lent in
                do throws(DeviceError) { result = .success(try body(lent)) } catch {
                    result = .failure(error)
                }
            }
        } catch { throw DeviceError(error) }
        return try result.get()
    }
}
