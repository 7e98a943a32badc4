internal import DriverRuntime
internal import USBBus
internal import USBTypes
internal import VirtualUSB

/// The devices that a server exports. On its loop only.
final class ExportTable {
    struct Refusal: Error { let status: OperationStatus }

    let loop: EventLoop
    private var slots: [ExportSlot] = []
    private var nextNumber: UInt32 = 1

    init(on loop: EventLoop) { self.loop = loop }

    /// What a list shows: devices that are plugged in and free (usbip §1.4).
    var listed: [ListedDevice] {
        slots.filter { $0.upstream != nil && $0.session == nil }.map(\.listed)
    }

    /// Makes a place for a device; `nil` if there is one of that name.
    func add(_ busID: BusID) -> ExportSlot? {
        guard !slots.contains(where: { $0.busID == busID }) else { return nil }
        let slot = ExportSlot(busID, number: nextNumber)
        nextNumber += 1
        slots.append(slot)
        return slot
    }

    func remove(_ slot: ExportSlot) { slots.removeAll { $0 === slot } }

    func take(_ busID: BusID, for session: ServedSession) -> Result<ExportSlot, Refusal> {
        guard let slot = slots.first(where: { $0.busID == busID }), slot.upstream != nil else {
            return .failure(Refusal(status: .noDevice))
        }
        guard slot.session == nil else { return .failure(Refusal(status: .deviceBusy)) }
        slot.session = session
        return .success(slot)
    }

    /// The client is gone: the device is as it would be after it was pulled from that host.
    func free(_ slot: ExportSlot) {
        slot.session = nil
        slot.upstream?.busReset()
    }

    func unplugAll() {
        for slot in slots { slot.upstream?.unplug(pending: .endWithError) }
    }
}

/// A name under which devices are exported, one after the other as they are replugged.
final class ExportSlot {
    let busID: BusID
    private let number: UInt32
    private(set) var upstream: UpstreamPort?
    var session: ServedSession?
    /// Called once the departure was reported.
    var departure: Resumption<Void>?

    init(_ busID: BusID, number: UInt32) {
        self.busID = busID
        self.number = number
    }

    func plug(_ upstream: UpstreamPort, _ handler: @escaping @Sendable () -> Void) {
        self.upstream = upstream
        upstream.onUnplug { _ in handler() }
    }

    /// The device has left.
    func departed() {
        upstream = nil
        session.take()?.unplugged()
        departure.take()?.resume()
    }

    var configurations: [ConfigurationDescriptor] { upstream?.description.configurations ?? [] }

    var record: DeviceRecord { listed.record }

    var listed: ListedDevice {
        let description = upstream?.description
        let device = description?.device
        let configuration = configurations.first
        let interfaces = configuration?.interfaces.compactMap(\.alternateSettings.first) ?? []
        return ListedDevice(
            record: DeviceRecord(
                path: "/virtual/" + busID.name, busID: busID, busNumber: 1, deviceNumber: number,
                // Clients refuse the next speed up (usbip §1.12, §5 row 12).
                speed: (description?.speed).map { min($0, .super) },
                vendorID: device?.vendorID ?? 0, productID: device?.productID ?? 0,
                release: device?.release ?? 0, classCode: device?.classCode ?? .perInterface,
                configurationValue: upstream?.configuration ?? 0,
                configurationCount: UInt8(clamping: configurations.count), interfaceCount: 0),
            interfaces: interfaces.map(\.classCode))
    }
}
