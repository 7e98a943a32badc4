internal import DriverRuntime
public import USBBus
internal import USBTypes
public import VirtualUSB

/// A virtual device that a server exports under a bus id.
///
/// Threading: any. Calls must not overlap, as with one hand at a plug.
public final class ExportedDevice: Sendable {
    /// The name under which clients import it.
    public let busID: BusID
    private let loop: EventLoop
    private let slot: LoopConfined<ExportSlot>
    private let table: LoopConfined<ExportTable>
    private let connect: @Sendable (EventLoop) async -> Result<UpstreamPort, DescriptionError>

    init<Device: VirtualDevice>(
        _ busID: BusID, _ slot: LoopConfined<ExportSlot>, in table: LoopConfined<ExportTable>,
        on loop: EventLoop, faults: FaultPlan,
        _ device: @escaping @Sendable (DevicePort) -> Device
    ) {
        self.busID = busID
        self.slot = slot
        self.table = table
        self.loop = loop
        let name = busID.name
        connect = { loop in
            do throws(DescriptionError) {
                return .success(
                    try await UpstreamPort.connect(on: loop, name: name, faults: faults, device))
            } catch {
                return .failure(error)
            }
        }
    }

    /// Takes the device off: a client that has it sees its connection close, which its kernel
    /// reports as a surprise removal. Returns when that is under way; nothing if it is off already.
    ///
    /// - Parameter kind: What becomes of the transfers in flight. With `.endWithError` the client
    ///   is sent their ends; with the others it learns them from the connection's end.
    public func unplug(pending kind: UnplugKind = .endWithError) async {
        await loop.wait(ifEnded: ()) { [self] resumption in
            guard let upstream = slot.value.upstream, !upstream.isGone else {
                return resumption.resume()
            }
            slot.value.departure = resumption
            upstream.unplug(pending: kind)
        }
    }

    /// Takes the device off, if it is plugged in, and plugs in a new one under the same bus id.
    ///
    /// Clients have to import it again: the protocol cannot announce it (usbip §5 row 9).
    /// - Throws: `.invalidRequest` for a description that breaks rules of USB, `.unavailable` after
    ///   the server's end.
    public func replug() async throws(BusError) {
        await unplug()
        let upstream: UpstreamPort
        switch await connect(loop) {
        case .success(let made): upstream = made
        case .failure(let error):
            throw BusError(.invalidRequest, "Device \(busID) cannot be plugged in. \(error)")
        }
        let isPlugged: Void? = await loop.perform { [self] in
            let slot = slot
            slot.value.plug(upstream) { slot.value.departed() }
        }
        guard isPlugged != nil else {
            throw BusError(.unavailable, "Device \(busID) cannot be plugged in: its server ended.")
        }
    }

    /// Takes the device off and its name out of the server.
    public func withdraw() async {
        await unplug()
        await loop.perform { [self] in table.value.remove(slot.value) }
    }

    /// Whether a client has it now.
    public var isImported: Bool {
        get async { await loop.perform { [self] in slot.value.session != nil } ?? false }
    }

    /// The configuration that the client selected, `nil` for none.
    public var configuration: UInt8? {
        get async { await loop.perform { [self] in slot.value.upstream?.configuration } ?? nil }
    }
}
