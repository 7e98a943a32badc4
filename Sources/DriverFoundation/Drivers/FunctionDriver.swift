/// A driver of one device: an actor that only answers events.
///
/// No callback is mandatory (DRV-8): a driver without any starts, powers up and is removed rightly.
/// Everything of a driver runs on its device's scope (S-5): callbacks, request handlers, readers,
/// timers. The framework serialises the callbacks of one device; request handlers run beside them.
/// Actors re-enter at `await`: after one, the device may be gone, and then whatever is tried on it
/// throws `.removed`.
///
/// Order of callbacks: `init` → ``prepareHardware()`` → ``enterD0(from:)`` → requests are delivered
/// → (``surpriseRemoval()``) → ``exitD0(to:)`` → ``releaseHardware()``. Each may throw; what then
/// happens is said at each.
public protocol FunctionDriver: DriverActor {
    /// The devices that this driver is for; the most specific match among drivers wins (DRV-2).
    static var matches: [DeviceMatch] { get }

    /// The device, kept from `init`.
    nonisolated var device: Device { get }

    /// EvtDriverDeviceAdd: a matching device has arrived. Make queues and register interfaces here;
    /// the hardware is not open yet. Throwing leaves the device without a driver (PNP-11).
    init(device: Device) async throws(DeviceError)

    /// The device is open and its interfaces are claimed: find pipes, configure readers, read what
    /// is constant. Throwing ends the start; ``releaseHardware()`` is called all the same (PNP-12).
    func prepareHardware() async throws(DeviceError)

    /// The device enters its working state. Throwing ends the start; ``exitD0(to:)`` is not called,
    /// ``releaseHardware()`` is (PNP-13).
    func enterD0(from previous: PowerState) async throws(DeviceError)

    /// The device leaves its working state; no request is with the driver any more. Throwing is
    /// reported and changes nothing on a removal (PNP-15).
    func exitD0(to next: PowerState) async throws(DeviceError)

    /// The pair of each ``prepareHardware()``, even of a failed one. After a surprise removal there
    /// is nothing to talk to. Throwing is ignored on removal (PNP-16).
    func releaseHardware() async throws(DeviceError)

    /// Notice that the device is gone (PNP-8). Frees nothing: the callbacks above follow.
    func surpriseRemoval() async

    /// Whether an orderly removal may go on (PNP-6); throw to veto it. Must be quick.
    func queryRemove() async throws(DeviceError)
}

extension FunctionDriver {
    /// The device's scope.
    public nonisolated var scope: Scope { device.scope }

    /// The device's scope.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe device.scope.asUnownedSerialExecutor()
    }

    /// Does nothing.
    public func prepareHardware() async throws(DeviceError) {}
    /// Does nothing.
    public func enterD0(from previous: PowerState) async throws(DeviceError) {}
    /// Does nothing.
    public func exitD0(to next: PowerState) async throws(DeviceError) {}
    /// Does nothing.
    public func releaseHardware() async throws(DeviceError) {}
    /// Does nothing.
    public func surpriseRemoval() async {}
    /// Agrees.
    public func queryRemove() async throws(DeviceError) {}
}
