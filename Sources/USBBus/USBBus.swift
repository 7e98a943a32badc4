public import DriverRuntime

/// What a bus owes the framework: the port that `LibUSBBus`, `VirtualUSB`'s bus and the USB/IP
/// import implement, and that `BusConformance` checks clause by clause.
///
/// A bus reports devices that come and go, describes them without opening them, opens them, and
/// moves transfers. It knows nothing of drivers, queues or power.
///
/// ## Threading
/// A bus owns one loop. Events are delivered on it, in no scope. Methods may be called from any
/// thread unless they say otherwise; asynchronous ones return to their caller's executor. A bus
/// never blocks the loop: calls that may block run elsewhere and come back (libusb §2.4).
///
/// ## Arrival and departure
/// - Each physical arrival gets an ``AttachmentID`` that is never used again (L13).
/// - An arrival is reported once; its departure once, after it; nothing of it is reported later.
/// - Devices present at the start are reported as arrivals.
/// - An arrived device may be opened at once (L14: the bus retries an open that is refused because
///   permissions are still being set, for a bounded time).
/// - A departure and the failures of the device's transfers come in either order (L12).
public protocol USBBus: AnyObject, Sendable {
    /// The loop on which everything of this bus happens. It runs from the bus's making to the end
    /// of ``stop()``.
    var loop: EventLoop { get }

    /// What reports call this bus.
    var name: String { get }

    /// Begins to report events to `observer`, on the loop. Called once.
    ///
    /// Errors: `.unavailable` when the bus cannot work at all on this machine.
    func start(_ observer: @escaping @Sendable (BusEvent) -> Void) async throws(BusError)

    /// Compares the devices present with those reported, and reports the difference (L27). Only a
    /// bus that can lose events has anything to do.
    func rescan() async

    /// Opens an attached device. One open at a time for each attachment.
    ///
    /// Cancellation: none; the call is bounded (L14).
    /// Errors: `.deviceGone` after the departure; `.busy` when open already or held by another
    /// program; `.accessDenied` with the remedy.
    func open(_ id: AttachmentID) async throws(BusError) -> any BusDevice

    /// Ends the bus: no event is reported any more, and every device must have been closed. Returns
    /// when nothing of the bus runs any more, its loop included. Calling it again does nothing.
    func stop() async
}

/// What a bus reports, on its loop.
public enum BusEvent: Sendable {
    /// A device is there and can be opened.
    case arrived(AttachedDevice)
    /// The device is gone. Its transfers end, with whatever status.
    case departed(AttachmentID)
    /// Arrivals will not be noticed by themselves; the text says why and what to do.
    /// ``USBBus/rescan()`` still works (L27).
    case discoveryUnavailable(String)
}

/// One stay of a device on a bus, from arrival to departure. Never used again.
public struct AttachmentID: Hashable, Sendable, CustomStringConvertible {
    /// A number that rises with each arrival on one bus.
    public let rawValue: UInt64
    /// The attachment with this number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    /// Such as `#3`.
    public var description: String { "#\(rawValue)" }
}

/// What became of a device that was reset (L22).
public enum ResetOutcome: Sendable, Hashable {
    /// The same device, with the alternate settings it had.
    case kept
    /// It came back as another device: the handle is dead, a departure and an arrival follow.
    case reenumerated
    /// It is gone: a departure follows.
    case lost
}
