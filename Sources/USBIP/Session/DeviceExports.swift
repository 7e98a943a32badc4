public import DriverRuntime
public import USBBus
public import VirtualUSB

/// The devices that can be imported, and the sessions of those who do: a server without sockets.
///
/// ``USBIPServer`` puts sockets around it. Under a simulation, or over a transport of one's own,
/// ``makeSession(limits:)`` is all that is needed: bytes in, bytes out.
///
/// Threading: any, unless a member says otherwise.
public final class DeviceExports: Sendable {
    /// The loop on which the devices and their sessions run.
    public let loop: EventLoop
    private let table: LoopConfined<ExportTable>

    /// No device yet, on a loop that somebody else runs.
    public init(on loop: EventLoop) {
        self.loop = loop
        table = LoopConfined(on: loop, ExportTable(on: loop))
    }

    /// Makes a device and exports it.
    ///
    /// - Parameters:
    ///   - busID: The name for clients, such as `1-1`; 1 to 31 of the characters
    ///     `0-9 A-Z a-z . : _ -`.
    ///   - faults: What is to go wrong with it.
    ///   - device: Makes the device for its port; called again for each
    ///     ``ExportedDevice/replug()``.
    /// - Throws: `.invalidRequest` for a name that is none or a description that breaks rules of
    ///   USB, `.busy` for a name that is in use, `.unavailable` after the server's end.
    public func export<Device: VirtualDevice>(
        _ busID: String, faults: FaultPlan = FaultPlan(),
        _ device: @escaping @Sendable (DevicePort) -> Device
    ) async throws(BusError) -> ExportedDevice {
        guard let name = BusID(busID) else {
            throw BusError(
                .invalidRequest,
                "“\(busID)” is no bus id: use 1 to 31 of the characters 0-9 A-Z a-z . : _ -")
        }
        let slot = await loop.perform { [self] in
            table.value.add(name).map { LoopConfined(on: loop, $0) }
        }
        guard let slot else {
            throw BusError(.unavailable, "Nothing can be exported as \(name): the server ended.")
        }
        guard let slot else {
            throw BusError(.busy, "A device is exported as \(name) already; choose another bus id.")
        }
        let exported = ExportedDevice(
            name, slot, in: table, on: loop, faults: faults, device)
        do throws(BusError) { try await exported.replug() } catch {
            await exported.withdraw()
            throw error
        }
        return exported
    }

    /// A session for one client. On the loop only; so is everything of the session.
    public func makeSession(limits: SessionLimits = SessionLimits()) -> ServedSession {
        ServedSession(table.value, limits: limits)
    }

    /// Unplugs every device, and so ends every session that has one. On the loop only.
    public func unplugAll() { table.value.unplugAll() }
}
