/// A driver of one device: an actor that only answers events.
///
/// No callback is mandatory (DRV-8): a driver without any starts, powers up and is removed rightly.
/// Everything of a driver runs on its device's scope (S-5): callbacks, request handlers, readers,
/// timers. The framework serialises the callbacks of one device, but for ``surpriseRemoval()``,
/// ``queryRemove()`` and ``queryStop()``, which may come beside those of power; request handlers
/// run beside them all. Actors re-enter at `await`: after one, the device may be gone, and then
/// whatever is tried on it throws `.removed`.
///
/// Order of callbacks: `init` → ``prepareHardware()`` → ``enterD0(from:)`` →
/// ``postInterruptsEnabled(from:)`` → requests are delivered → ``initializeSelfManagedIO()`` → …
/// → ``suspendSelfManagedIO()`` → requests are held → ``preInterruptsDisabled(to:)`` →
/// ``exitD0(to:)`` → ``releaseHardware()`` → ``flushSelfManagedIO()`` → ``cleanUpSelfManagedIO()``.
/// Each may throw unless it is said not to; what then happens is said at each.
public protocol FunctionDriver: DriverActor {
    /// The devices that this driver is for; the most specific match among drivers wins (DRV-2).
    static var matches: [DeviceMatch] { get }

    /// The device, kept from `init`.
    nonisolated var device: Device { get }

    /// EvtDriverDeviceAdd: a matching device has arrived. Make queues and register interfaces here;
    /// the hardware is not open yet. Throwing leaves the device without a driver (PNP-11).
    init(device: Device) async throws(DeviceError)

    /// EvtDriverUnload: the last call of a driver, once for all its devices, when the program stops
    /// and every one of them has come to its end (DRV-3).
    static func unload() async

    // MARK: Hardware

    /// EvtDevicePrepareHardware: the device is open and its interfaces are claimed: find pipes,
    /// configure readers, read what is constant. Throwing ends the start; ``releaseHardware()`` is
    /// called all the same (PNP-12).
    func prepareHardware() async throws(DeviceError)

    /// EvtDeviceReleaseHardware: the pair of each ``prepareHardware()``, even of a failed one.
    /// After a surprise removal there is nothing to talk to. Throwing is ignored on a removal; a
    /// device that was to be started again has failed (PNP-16).
    func releaseHardware() async throws(DeviceError)

    // MARK: Power

    /// EvtDeviceD0Entry: the device enters its working state; `previous` is `.d3Final` at a start.
    /// Throwing ends the start; ``exitD0(to:)`` is not called, ``releaseHardware()`` is (PNP-13).
    func enterD0(from previous: PowerState) async throws(DeviceError)

    /// EvtDeviceD0EntryPostInterruptsEnabled: what was registered as a source of interrupts is
    /// enabled. Throwing disables it again, and ``exitD0(to:)`` is called (PNP-14).
    func postInterruptsEnabled(from previous: PowerState) async throws(DeviceError)

    /// EvtDeviceD0ExitPreInterruptsDisabled: the last moment with interrupts. Throwing is
    /// remembered, and the way down goes on (PNP-15).
    func preInterruptsDisabled(to next: PowerState) async throws(DeviceError)

    /// EvtDeviceD0Exit: the device leaves its working state, for a lower one or, as `.d3Final`, for
    /// good; no request is with the driver any more. Throwing is reported: a removal goes on all
    /// the same, a device that was to come back has failed (PNP-15).
    func exitD0(to next: PowerState) async throws(DeviceError)

    // MARK: Self-managed I/O

    /// EvtDeviceSelfManagedIoInit: the device is in D0 for the first time in its life; begin the
    /// work that no request asks for. Throwing takes the device down again (PNP-14).
    func initializeSelfManagedIO() async throws(DeviceError)

    /// EvtDeviceSelfManagedIoSuspend: the device is about to leave D0; the first callback on the
    /// way down (PNP-2). Throwing is remembered, and the way down goes on (PNP-15).
    func suspendSelfManagedIO() async throws(DeviceError)

    /// EvtDeviceSelfManagedIoRestart: the device is back in D0; the pair of each
    /// ``suspendSelfManagedIO()``. Throwing takes the device down again (PNP-14).
    func restartSelfManagedIO() async throws(DeviceError)

    /// EvtDeviceSelfManagedIoFlush: once, when the device is removed after having been started:
    /// throw away what the work still has.
    func flushSelfManagedIO() async

    /// EvtDeviceSelfManagedIoCleanup: once, after ``flushSelfManagedIO()``, when every queue is
    /// empty.
    func cleanUpSelfManagedIO() async

    // MARK: Wake

    /// EvtDeviceArmWakeFromS0 and …FromSx: the device is about to sleep and may wake the system or
    /// itself: let it. Requests are held, the device is still in D0 (WAKE-6). Throwing leaves the
    /// device in D0 when it was idle; with a system that sleeps it sleeps without wake (PNP-4).
    func armWake(for reason: WakeReason) async throws(DeviceError)

    /// EvtDeviceWakeFromS0Triggered and …FromSxTriggered: the device has signalled wake, and is in
    /// D0 again. Comes before ``disarmWake(for:)``.
    func wakeTriggered(for reason: WakeReason) async

    /// EvtDeviceDisarmWakeFromS0 and …FromSx: the pair of each ``armWake(for:)`` that returned; the
    /// device may be gone by then.
    func disarmWake(for reason: WakeReason) async

    // MARK: Plug and Play

    /// EvtDeviceSurpriseRemoval: notice that the device is gone (PNP-8). Frees nothing: the
    /// callbacks above follow.
    func surpriseRemoval() async

    /// EvtDeviceQueryRemove: whether an orderly removal may go on (PNP-6); throw to veto it. Must
    /// be quick.
    func queryRemove() async throws(DeviceError)

    /// EvtDeviceQueryStop: whether the device may be stopped, to be started again (PNP-9); throw to
    /// veto it. Must be quick.
    func queryStop() async throws(DeviceError)
}

extension FunctionDriver {
    /// The device's scope.
    public nonisolated var scope: Scope { device.scope }

    /// The device's scope.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe device.scope.asUnownedSerialExecutor()
    }

    /// Does nothing.
    public static func unload() async {}
    /// Does nothing.
    public func prepareHardware() async throws(DeviceError) {}
    /// Does nothing.
    public func releaseHardware() async throws(DeviceError) {}
    /// Does nothing.
    public func enterD0(from previous: PowerState) async throws(DeviceError) {}
    /// Does nothing.
    public func postInterruptsEnabled(from previous: PowerState) async throws(DeviceError) {}
    /// Does nothing.
    public func preInterruptsDisabled(to next: PowerState) async throws(DeviceError) {}
    /// Does nothing.
    public func exitD0(to next: PowerState) async throws(DeviceError) {}
    /// Does nothing.
    public func initializeSelfManagedIO() async throws(DeviceError) {}
    /// Does nothing.
    public func suspendSelfManagedIO() async throws(DeviceError) {}
    /// Does nothing.
    public func restartSelfManagedIO() async throws(DeviceError) {}
    /// Does nothing.
    public func flushSelfManagedIO() async {}
    /// Does nothing.
    public func cleanUpSelfManagedIO() async {}
    /// Does nothing.
    public func armWake(for reason: WakeReason) async throws(DeviceError) {}
    /// Does nothing.
    public func wakeTriggered(for reason: WakeReason) async {}
    /// Does nothing.
    public func disarmWake(for reason: WakeReason) async {}
    /// Does nothing.
    public func surpriseRemoval() async {}
    /// Agrees.
    public func queryRemove() async throws(DeviceError) {}
    /// Agrees.
    public func queryStop() async throws(DeviceError) {}
}
