public import DriverRuntime
public import USBBus
internal import USBTypes

/// A bus of virtual devices in the same process: drivers on one side, devices on the other, one
/// loop.
///
/// It keeps the whole contract of ``USBBus``. On a loop of a simulation a driver and its device run
/// in virtual time; on a real one they need no hardware, no kernel and no rights.
///
/// Threading: any.
public final class VirtualBus: USBBus {
    /// The loop of the bus and of its devices.
    public let loop: EventLoop
    /// What reports call it.
    public let name: String
    private let ownsLoop: Bool
    private let state: LoopConfined<State>

    private struct State {
        var observer: (@Sendable (BusEvent) -> Void)?
        var attachments: [Attachment] = []
        var nextID: UInt64 = 1
        var nextAddress: UInt8 = 1
        var isStopped = false
    }

    /// A bus on a loop that somebody else runs and ends.
    public init(on loop: EventLoop, name: String = "virtual") {
        self.loop = loop
        self.name = name
        ownsLoop = false
        state = LoopConfined(on: loop, State())
    }

    /// A bus on a loop of its own, in real time, which ends with ``stop()``.
    public init(name: String = "virtual") {
        let loop = EventLoop(name: name, waiter: PollWaiter())
        self.loop = loop
        self.name = name
        ownsLoop = true
        state = LoopConfined(on: loop, State())
        loop.start()
    }

    // MARK: Devices

    /// Makes a device, plugs it in and configures it as an operating system would: its arrival is
    /// reported when its first configuration is in force.
    ///
    /// - Parameters:
    ///   - port: The number of the bus's port, the lowest free one unless given. A port in use is
    ///     taken over by nobody: two devices never share one.
    ///   - faults: What is to go wrong with it.
    ///   - device: Makes the device for its port; called again for each ``PluggedDevice/replug()``.
    /// - Throws: `DescriptionError` for a description that breaks rules of USB.
    public func plug<Device: VirtualDevice>(
        port: UInt8? = nil, faults: FaultPlan = FaultPlan(),
        _ device: @escaping @Sendable (DevicePort) -> Device
    ) async throws(DescriptionError) -> PluggedDevice {
        let plugged = PluggedDevice(on: self, port: port, faults: faults, device)
        try await plugged.replug()
        return plugged
    }

    /// A device is there: it gets an id and an address, and its arrival is reported. `nil` when it
    /// has left while it was configured, or the bus has ended.
    func attach(
        _ upstream: UpstreamPort, port: UInt8?, configuration: UInt8?
    ) -> Attachment? {
        guard !upstream.isGone, !state.value.isStopped else {
            upstream.unplug(pending: .endWithError)
            return nil
        }
        let number = port ?? lowestFreePort
        let id = AttachmentID(rawValue: state.value.nextID)
        state.value.nextID += 1
        let attachment = Attachment(
            upstream, id: id, port: number, address: state.value.nextAddress,
            configuration: configuration)
        state.value.nextAddress = state.value.nextAddress % 127 + 1
        state.value.attachments.append(attachment)
        upstream.onUnplug { [weak self] _ in self?.depart(id) }
        report(.arrived(attachment.attached))
        return attachment
    }

    private var lowestFreePort: UInt8 {
        var port: UInt8 = 1
        while port < 255, state.value.attachments.contains(where: { $0.port == port }) { port += 1 }
        return port
    }

    private func depart(_ id: AttachmentID) {
        guard let place = state.value.attachments.firstIndex(where: { $0.id == id }) else { return }
        let attachment = state.value.attachments.remove(at: place)
        report(.departed(id))
        attachment.departed()
    }

    private func report(_ event: BusEvent) {
        state.value.observer?(event)
    }

    // MARK: USBBus

    /// Begins to report; the devices plugged in before are reported at once.
    public func start(_ observer: @escaping @Sendable (BusEvent) -> Void) async throws(BusError) {
        let isStarted: Void? = await loop.perform { [self] in
            contract(state.value.observer == nil, "bus \(name) was started twice")
            state.value.observer = observer
            for attachment in state.value.attachments {
                observer(.arrived(attachment.attached))
            }
        }
        guard isStarted != nil else {
            throw BusError(.unavailable, "Bus \(name) cannot start: it was stopped.")
        }
    }

    /// Nothing: no event of this bus can be lost.
    public func rescan() async {}

    /// Opens an attached device; never blocks.
    public func open(_ id: AttachmentID) async throws(BusError) -> any BusDevice {
        let result = await loop.perform { [self] () -> Result<VirtualBusDevice, BusError> in
            guard let attachment = state.value.attachments.first(where: { $0.id == id }),
                !attachment.upstream.isGone
            else { return .failure(.gone(id)) }
            guard !attachment.isOpen else {
                return .failure(BusError(.busy, "Device \(id) is open already."))
            }
            attachment.isOpen = true
            return .success(VirtualBusDevice(attachment, on: loop))
        }
        guard let result else { throw .gone(id) }
        return try result.get()
    }

    /// Ends the bus: what is plugged in is taken off it, unreported. Calling it again does nothing.
    ///
    /// A loop of the bus's own has ended, its thread included, when this returns; except to a
    /// caller that runs on it, which cannot wait for that.
    public func stop() async {
        await loop.perform { [self] in
            for attachment in state.value.attachments {
                contract(
                    !attachment.isOpen, "device \(attachment.id) is open when its bus stops")
            }
            state.value.isStopped = true
            // The observer knows the bus: held any longer, neither would ever go.
            state.value.observer = nil
            for attachment in state.value.attachments {
                attachment.upstream.unplug(pending: .endWithError)
            }
        }
        guard ownsLoop else { return }
        loop.stop()
        // Its own thread cannot wait for itself.
        if !loop.isOnLoop { await loop.ended() }
    }
}

extension BusError {
    static func gone(_ id: AttachmentID) -> BusError {
        BusError(.deviceGone, "Device \(id) has left the bus.")
    }
}
