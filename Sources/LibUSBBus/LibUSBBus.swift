internal import CLibUSB
public import DriverRuntime
public import USBBus

/// The bus of real devices: libusb's asynchronous transfers and hotplug.
///
/// One loop for all devices, which is libusb's event thread; calls that may block run on a side
/// thread (libusb §2.4). Devices are described from what the kernel read when it enumerated them:
/// no device is opened to be listed.
///
/// ## Where arrivals come from
/// - With a running udevd: from libusb's hotplug.
/// - Without: from ``rescan()`` only, and ``USBBus/BusEvent/discoveryUnavailable(_:)`` is reported
///   after the start (L27). Departures of open devices are noticed all the same.
/// - ``Discovery/none``: from ``attach(_:)``, which takes nodes that somebody else opened.
public final class LibUSBBus: USBBus {
    /// The loop on which libusb's events are handled.
    public let loop: EventLoop
    /// `libusb`.
    public let name = "libusb"

    let calls: any LibUSBCalls
    let side = SideThread(name: "usb calls")
    let budget: MemoryBudget
    let journal: KernelDriverJournal
    /// Where the kernel lists the devices whose power this bus manages.
    let sysfs: String
    let state: LoopConfined<State>
    let deviceSource: Source
    private let waiter: LibUSBWaiter
    private let thread = SideThread(name: "usb loop")

    /// Where this bus gets its devices from.
    package enum Source: Sendable, Hashable {
        /// libusb's hotplug, and its list.
        case hotplug
        /// The kernel's list, looked at when asked.
        case sysfs
        /// Open nodes, handed in.
        case descriptors
    }

    /// Who finds the devices.
    public enum Discovery: Sendable, Hashable {
        /// The bus finds those of this machine.
        case system
        /// Nobody: devices are handed in with ``LibUSBBus/attach(_:)``. For programs that get nodes
        /// from a broker, such as a portal. With libusb 1.0.26 a process that made such a bus can
        /// make no other kind any more (L30).
        case none
    }

    struct State {
        var observer: (@Sendable (BusEvent) -> Void)?
        var context: ContextPointer?
        var registration: Int32?
        var table = AttachmentTable<AttachmentKey>()
        var opening: Set<AttachmentID> = []
        var open: [AttachmentID: LibUSBDevice] = [:]
        var isRescanning = false
        var isStopping = false
        /// Nodes that were handed in before the start.
        var handedEarly: [Int32] = []
        /// Handles of devices that were handed in and are not open: they notice the departure.
        var kept: [Int32: HandlePointer] = [:]
    }

    /// Makes a bus that was not started.
    public convenience init(discovery: Discovery = .system) {
        let source: Source =
            discovery == .none ? .descriptors : UdevPresence.isRunning ? .hotplug : .sysfs
        self.init(source: source, calls: SystemLibUSB.shared, journal: .shared)
    }

    package init(
        source: Source, calls: any LibUSBCalls, journal: KernelDriverJournal,
        sysfs: String = SysfsDevice.root
    ) {
        self.sysfs = sysfs
        deviceSource = source
        self.calls = calls
        self.journal = journal
        waiter = LibUSBWaiter(calls)
        loop = EventLoop(name: "usb loop", waiter: waiter)
        budget = MemoryBudget(limit: MemoryBudget.systemLimit())
        state = LoopConfined(on: loop, State())
        thread.perform { [loop] in loop.runUntilStopped() }
    }

    /// How often libusb failed to handle events; a number that rises is worth a report (L29). Any
    /// thread.
    public var eventErrors: UInt64 { waiter.errorCount }

    // MARK: Start and stop

    /// Begins to report devices; those present were reported when it returns.
    ///
    /// Threading: any; not from a scope of this bus's loop. Cancellation: none.
    /// Errors: `.unavailable` when libusb cannot start.
    public func start(_ observer: @escaping @Sendable (BusEvent) -> Void) async throws(BusError) {
        let code: Int32 = await Resumption.wait { resumption in
            side.perform { [self] in
                switch calls.initialise(watchingDevices: deviceSource == .hotplug) {
                case .success(let context):
                    begin(context, observer) { resumption.resume(returning: 0) }
                case .failure(let code): resumption.resume(returning: code)
                }
            }
        }
        guard code == 0 else {
            throw BusError(
                .unavailable, "libusb cannot start: \(StatusMap.name(code)).", native: code)
        }
        for descriptor in await loop.perform({ [self] in state.value.handedEarly }) ?? [] {
            try await attach(descriptor)
        }
        await rescan()
    }

    /// Everything that must be in place before the loop handles libusb's events (L15). Side thread.
    private func begin(
        _ context: ContextPointer, _ observer: @escaping @Sendable (BusEvent) -> Void,
        done: @escaping @Sendable () -> Void
    ) {
        calls.observeEndedDescriptors(context) { [self] descriptor in
            // The context's own end closes descriptors too, after the loop's.
            _ = loop.executeIfRunning { [self] in descriptorEnded(descriptor) }
        }
        var registration: Int32?
        if deviceSource == .hotplug {
            let result = calls.registerHotplug(context) { [self] device, arrived in
                noteHotplug(device, arrived)
            }
            registration = result.value
        }
        // A task that waits on the loop may go on there before anything posted runs: so the loop
        // itself lets it.
        loop.execute { [self, registration] in
            state.value.context = context
            state.value.observer = observer
            state.value.registration = registration
            if registration == nil { reportMissingDiscovery() }
            done()
        }
        waiter.attach(context)
        if deviceSource != .descriptors { giveBackAbandoned(context) }
    }

    private func reportMissingDiscovery() {
        guard deviceSource != .descriptors else { return }
        state.value.observer?(
            .discoveryUnavailable(
                "No device that is plugged in from now on will be noticed: no udevd is running"
                    + " (/run/udev/control is missing), as in most containers. Start udevd, give"
                    + " the container the host's /run/udev and network namespace, or rescan when"
                    + " needed."
            ))
    }

    /// Ends the bus; see ``USBBus/USBBus/stop()``.
    ///
    /// Threading: any, but not from a scope of this bus's loop, which ends here.
    public func stop() async {
        let held = await loop.perform { [self] () -> ([DevicePointer], [HandlePointer])? in
            if state.value.isStopping { return nil }
            state.value.isStopping = true
            contract(
                state.value.open.isEmpty && state.value.opening.isEmpty,
                "a bus was stopped while a device was open")
            state.value.observer = nil
            if let context = state.value.context, let registration = state.value.registration {
                calls.deregisterHotplug(context, registration)
            }
            let devices = state.value.table.all.compactMap(\.key.device)
            let handles = state.value.table.all.compactMap { state.value.kept[$0.key.descriptor] }
            state.value.table = AttachmentTable()
            return (devices, handles)
        }
        guard let (devices, handles) = held ?? nil else { return await loop.ended() }
        let context = await loop.perform { [self] in state.value.context.take() } ?? nil
        await side.run { [self] in
            handles.forEach(calls.close)
            devices.forEach(calls.unreference)
        }
        loop.stop()
        // The call runs when the loop's has returned: that is the join.
        await thread.run {}
        thread.stop()
        await thread.ended()
        waiter.detach()
        if let context { await side.run { [self] in calls.exit(context) } }
        side.stop()
        await side.ended()
    }

    /// Compares the devices present with those reported; see ``USBBus/USBBus/rescan()``.
    public func rescan() async {
        await loop.wait(ifEnded: ()) { [self] resumption in scan { resumption.resume() } }
    }
}

/// What identifies a device while it is attached.
package enum AttachmentKey: Hashable, Sendable {
    /// libusb's object, referenced as long as the device is known.
    case device(DevicePointer)
    /// A node, named by place and address.
    case node(DevicePlace)
    /// A device that was handed in.
    case descriptor(Int32)

    package var device: DevicePointer? {
        if case .device(let device) = self { device } else { nil }
    }

    /// -1 for every other.
    package var descriptor: Int32 {
        if case .descriptor(let descriptor) = self { descriptor } else { -1 }
    }
}

/// Whether udevd runs: libusb as Debian builds it hears of devices from it alone (libusb §2.7).
enum UdevPresence {
    static var isRunning: Bool { SystemFile.exists("/run/udev/control") }
}
