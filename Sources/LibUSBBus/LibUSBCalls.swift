package import CLibUSB

/// What this bus asks of libusb, one requirement for each function it calls.
///
/// The seam for tests: ``SystemLibUSB`` is libusb itself, ``FaultyLibUSB`` fails the n-th call, and
/// unit tests bring a libusb of their own. No requirement moves data synchronously (L2), and none
/// takes a flag or a timeout that the rules forbid (L16, L17).
///
/// Results are libusb's: 0 or positive for success, a negative `libusb_error` otherwise.
/// Threading: each requirement says where it may be called; the bus keeps to it (L1, L3).
package protocol LibUSBCalls: AnyObject, Sendable {
    // MARK: The context, and its events

    /// Makes a context that watches for devices, or one that only wraps descriptors. Side thread.
    func initialise(watchingDevices: Bool) -> LibUSBResult<ContextPointer>
    /// Frees a context in which nothing is left. Side thread, after the loop's end.
    func exit(_ context: ContextPointer)
    /// Handles events, for `microseconds` at most. The loop's thread only (L1).
    func handleEvents(_ context: ContextPointer, microseconds: Int) -> Int32
    /// Ends the present `handleEvents`, or the next. Any thread.
    func interrupt(_ context: ContextPointer)
    /// Calls `observe` on the loop with every device that comes or goes from now on.
    func registerHotplug(
        _ context: ContextPointer, _ observe: @escaping HotplugObserver
    ) -> LibUSBResult<Int32>
    /// Ends the calls of `registerHotplug`; one may be running.
    func deregisterHotplug(_ context: ContextPointer, _ registration: Int32)
    /// Calls `observe`, on any thread, with each descriptor that libusb stops to watch: one that
    /// was closed, or whose device is gone.
    func observeEndedDescriptors(
        _ context: ContextPointer, _ observe: @escaping @Sendable (Int32) -> Void)

    // MARK: Devices

    /// The devices present, each with a reference for the caller. Side thread.
    func devices(_ context: ContextPointer) -> LibUSBResult<[DevicePointer]>
    /// Adds a reference. Any thread.
    func reference(_ device: DevicePointer)
    /// Gives a reference back. Any thread.
    func unreference(_ device: DevicePointer)
    /// Where a device is. Any thread; nothing is sent.
    func place(of device: DevicePointer) -> DevicePlace
    /// libusb's number for the signalling rate. Any thread; nothing is sent.
    func speed(of device: DevicePointer) -> Int32

    // MARK: Open devices; side thread only (L3)

    /// Opens a device's node.
    func open(_ device: DevicePointer) -> LibUSBResult<HandlePointer>
    /// Uses an open node.
    func wrap(_ context: ContextPointer, descriptor: Int32) -> LibUSBResult<HandlePointer>
    /// Closes; a wrapped descriptor stays open.
    func close(_ handle: HandlePointer)
    /// The node behind a handle, which libusb closes with it; `nil` when libusb did not show it.
    func descriptor(of handle: HandlePointer) -> Int32?
    /// The device that was opened; no reference for the caller.
    func device(of handle: HandlePointer) -> DevicePointer
    /// The value of the configuration in force, 0 for none.
    func configuration(_ handle: HandlePointer) -> LibUSBResult<Int32>
    /// Selects a configuration.
    func setConfiguration(_ handle: HandlePointer, _ value: Int32) -> Int32
    /// Whether claims detach kernel drivers and releases attach them.
    func setAutomaticDetach(_ handle: HandlePointer, _ isOn: Bool)
    /// Whether a kernel driver has an interface.
    func kernelDriverActive(_ handle: HandlePointer, _ interface: Int32) -> Int32
    /// Lets the kernel look for a driver for an interface.
    func attachKernelDriver(_ handle: HandlePointer, _ interface: Int32) -> Int32
    /// Claims an interface.
    func claim(_ handle: HandlePointer, _ interface: Int32) -> Int32
    /// Releases an interface.
    func release(_ handle: HandlePointer, _ interface: Int32) -> Int32
    /// Selects an alternate setting.
    func setAlternateSetting(
        _ handle: HandlePointer, _ interface: Int32, _ setting: Int32
    ) -> Int32
    /// Clears a halt.
    func clearHalt(_ handle: HandlePointer, _ endpoint: UInt8) -> Int32
    /// Resets the port.
    func reset(_ handle: HandlePointer) -> Int32
    /// Maps memory that the host controller reads and writes itself; `nil` when there is none. Any
    /// thread.
    func mapMemory(_ handle: HandlePointer, byteCount: Int) -> UnsafeMutableRawPointer?

    // MARK: Transfers; the loop's thread only, except allocate and free

    /// Makes a transfer without packets.
    func allocateTransfer() -> UnsafeMutablePointer<libusb_transfer>?
    /// Frees an idle transfer.
    func freeTransfer(_ transfer: UnsafeMutablePointer<libusb_transfer>)
    /// Submits a transfer.
    func submit(_ transfer: UnsafeMutablePointer<libusb_transfer>) -> Int32
    /// Asks for an early end.
    func cancel(_ transfer: UnsafeMutablePointer<libusb_transfer>) -> Int32
}

/// Called with a device that came (`true`) or went (`false`).
package typealias HotplugObserver = @Sendable (DevicePointer, Bool) -> Void

/// What a call gave, or libusb's code for why not.
package enum LibUSBResult<Value: Sendable>: Sendable {
    /// It worked.
    case success(Value)
    /// It did not; a negative `libusb_error`.
    case failure(Int32)

    /// The value, `nil` after a failure.
    package var value: Value? {
        if case .success(let value) = self { value } else { nil }
    }

    /// libusb's code, 0 for success.
    package var code: Int32 {
        if case .failure(let code) = self { code } else { 0 }
    }
}

/// One of libusb's opaque objects.
@safe package struct LibUSBPointer<Kind>: Hashable, @unchecked Sendable {
    // Sendable because libusb locks its objects itself; what must stay on one thread is said and
    // kept call by call.
    package let raw: OpaquePointer

    package init(_ raw: OpaquePointer) { unsafe self.raw = raw }

    package static func == (left: Self, right: Self) -> Bool { unsafe left.raw == right.raw }

    package func hash(into hasher: inout Hasher) { unsafe hasher.combine(raw) }
}

/// What tells the pointers apart.
package enum LibUSBKind {
    package enum Context {}
    package enum Device {}
    package enum Handle {}
}

package typealias ContextPointer = LibUSBPointer<LibUSBKind.Context>
package typealias DevicePointer = LibUSBPointer<LibUSBKind.Device>
package typealias HandlePointer = LibUSBPointer<LibUSBKind.Handle>

/// Where a device is plugged in, as libusb knows it.
package struct DevicePlace: Hashable, Sendable {
    package var bus: UInt8
    package var address: UInt8
    package var ports: [UInt8]

    package init(bus: UInt8, address: UInt8, ports: [UInt8]) {
        self.bus = bus
        self.address = address
        self.ports = ports
    }
}
