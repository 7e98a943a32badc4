internal import CLibUSB
internal import DriverRuntime
public import USBBus

extension LibUSBDevice {
    /// On the loop, where it is also decided to close: so the handle stays open meanwhile.
    func lend(_ body: (borrowing LentBusDevice) -> Void) throws(BusError) {
        loop.preconditionOnLoop()
        guard !state.value.isClosed, !state.value.isGone else { throw gone("lend the handle") }
        body(unsafe LentBusDevice(handle.raw, of: LentBusDevice.libusb))
    }
}

extension LentBusDevice {
    fileprivate static var libusb: String { "libusb" }

    /// The `libusb_device_handle`; `nil` on any other bus. Nothing that waits for the device may be
    /// called with it, and nothing that claims, resets, configures or closes.
    @unsafe public var libusbHandle: OpaquePointer? {
        library == Self.libusb ? unsafe object : nil
    }
}
