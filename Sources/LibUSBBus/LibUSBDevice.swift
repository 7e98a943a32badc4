internal import CLibUSB
internal import DriverRuntime
internal import Glibc
internal import USBBus
internal import USBTypes

/// An open device.
///
/// What may block runs on the bus's side thread; the answer is noted on the loop before the caller
/// goes on, so that what follows on the loop sees it (L3).
final class LibUSBDevice: BusDevice {
    /// Bytes of a setup packet, which stand in front of a control transfer's data.
    static let setupSize = 8
    /// Data of one control transfer at most (L19): the kernel gives it one page.
    static let controlLimit = 4096

    let id: AttachmentID
    let bus: LibUSBBus
    let description: AttachedDevice
    let handle: HandlePointer
    /// The node, where this bus opened it itself.
    let descriptor: Int32?
    /// The node, where it was handed in.
    let handed: Int32?
    let calls: any LibUSBCalls
    let flight = LoopCell(Flight())
    let claims = ClaimLedger()
    let transfers = TransferRegistry()
    let state: LoopConfined<State>
    let suspension: Suspension

    struct State {
        var isGone = false
        var isClosed = false
        var configuration: UInt8?
        var mapping = Mapping.unknown
    }

    enum Mapping { case unknown, pays, doesNotPay }

    var loop: EventLoop { bus.loop }

    /// On the loop.
    init(
        _ description: AttachedDevice, of bus: LibUSBBus, _ handle: HandlePointer,
        descriptor: Int32?, handed: Int32?
    ) {
        id = description.id
        self.bus = bus
        self.description = description
        self.handle = handle
        self.descriptor = descriptor
        self.handed = handed
        calls = bus.calls
        suspension = Suspension(bus, description, handle)
        state = LoopConfined(
            on: bus.loop, State(configuration: description.activeConfiguration))
    }

    deinit { flight.free() }

    /// What reports call it.
    var name: String { "device \(description.location)" }

    func gone(_ action: String) -> BusError {
        let reason = state.value.isClosed ? "it was closed" : "it is not there any more"
        return BusError(.deviceGone, "Cannot \(action) on \(name): \(reason).")
    }

    // MARK: Calls that may block

    /// Runs `check` on the loop, `body` on the side thread, and `after` on the loop again, unless
    /// the device is gone or closed.
    func blocking<Value: Sendable>(
        _ action: String, check: @escaping @Sendable (LibUSBDevice) throws(BusError) -> Void,
        _ body: @escaping @Sendable (LibUSBDevice) -> Result<Value, BusError>,
        after: @escaping @Sendable (LibUSBDevice, Value) -> Void = { _, _ in }
    ) async throws(BusError) -> Value {
        let stopped = BusError(
            .deviceGone, "Cannot \(action) on \(name): the bus was stopped.")
        let result: Result<Value, BusError> = await loop.wait(ifEnded: .failure(stopped)) {
            [self] resumption in
            if state.value.isClosed || state.value.isGone {
                return resumption.resume(returning: .failure(gone(action)))
            }
            do throws(BusError) { try check(self) } catch {
                return resumption.resume(returning: .failure(error))
            }
            bus.side.perform { [self] in
                let result = body(self)
                loop.execute { [self] in
                    if case .success(let value) = result { after(self, value) }
                    resumption.resume(returning: result)
                }
            }
        }
        return try result.get()
    }

    /// Traps unless nothing of an interface is in flight: what follows would kill its transfers
    /// (L9).
    func requireDrained(_ interface: UInt8) {
        let settings = configuration?.interface(interface)?.alternateSettings ?? []
        for setting in settings {
            for endpoint in setting.endpoints {
                contract(
                    flight.value.isIdle(endpoint.address),
                    "a transfer of interface \(interface) is still in flight (L9)")
            }
        }
    }

    /// The configuration in force. On the loop.
    var configuration: ConfigurationDescriptor? {
        let value = state.value.configuration
        return description.configurations.first { $0.value == value }
    }

    // MARK: Endpoints

    /// The endpoint as the claimed interfaces have it now (L19). On the loop.
    func checkedEndpoint(
        _ address: EndpointAddress, _ type: TransferType
    ) throws(BusError) -> EndpointDescriptor {
        var claimed = false
        for claim in claims.all {
            guard let interface = configuration?.interface(claim.interface) else { continue }
            claimed = true
            guard let setting = interface.alternateSetting(claim.setting),
                let endpoint = setting.endpoint(address)
            else { continue }
            guard endpoint.transferType == type else {
                throw BusError(
                    .invalidRequest,
                    "Endpoint \(address) of \(name) is of type \(endpoint.transferType), not"
                        + " \(type)."
                )
            }
            return endpoint
        }
        throw BusError(
            .notFound,
            claimed
                ? "No claimed interface of \(name) has endpoint \(address) in its present setting."
                : "Endpoint \(address) of \(name) cannot be used: no interface is claimed.")
    }

    func clearHalt(_ endpoint: EndpointAddress) async throws(BusError) {
        let action = "clear the halt of endpoint \(endpoint)"
        try await blocking(action) { (device) throws(BusError) in
            contract(
                device.flight.value.isIdle(endpoint),
                "a transfer of endpoint \(endpoint) is still in flight (L9)")
            try device.checkEndpointExists(endpoint)
        } _: { device in
            device.outcome(device.calls.clearHalt(device.handle, endpoint.rawValue), action)
        }
    }

    private func checkEndpointExists(_ endpoint: EndpointAddress) throws(BusError) {
        for claim in claims.all {
            let setting = configuration?.interface(claim.interface)?.alternateSetting(claim.setting)
            if setting?.endpoint(endpoint) != nil { return }
        }
        throw BusError(.notFound, "No claimed interface of \(name) has endpoint \(endpoint).")
    }

    /// A call's code as a result. Side thread.
    func outcome(
        _ code: Int32, _ action: String, hint: String? = nil
    ) -> Result<Void, BusError> {
        if code >= 0 { return .success(()) }
        if code == LIBUSB_ERROR_NO_DEVICE.rawValue {
            loop.execute { [self] in suspectRemoval() }
        }
        return .failure(StatusMap.error(code, "\(action) on \(name)", hint: hint))
    }

    // MARK: Its end

    /// The bus noticed the departure. Pending transfers must end, and the kernel may have forgotten
    /// some (libusb §2.7). On the loop.
    func departed() {
        state.value.isGone = true
        flight.value.isUsable = false
        transfers.cancelAll()
    }

    /// A transfer failed as they do when a device is pulled: look, where nobody tells (L11). On the
    /// loop.
    func suspectRemoval() {
        guard !state.value.isGone, !state.value.isClosed else { return }
        bus.suspectRemoval(of: self)
    }

    func close() async {
        // The loop has ended: so it was closed, or the bus could not have been stopped.
        let watch: ResumeWatch? = await loop.wait(ifEnded: nil) { [self] resumption in
            guard !state.value.isClosed else { return resumption.resume(returning: nil) }
            contract(
                flight.value.total == 0,
                "\(name) was closed with \(flight.value.total) transfers in flight (L9)")
            state.value.isClosed = true
            flight.value.isUsable = false
            transfers.retireAll()
            let isGone = state.value.isGone
            bus.side.perform { [self] in
                let watch = suspension.end()
                releaseAll(isGone: isGone)
                if handed == nil { calls.close(handle) }
                if let descriptor { Glibc.close(descriptor) }
                OpenDevices.remove(self)
                loop.execute { [self] in
                    bus.closed(self)
                    resumption.resume(returning: watch)
                }
            }
        }
        await watch?.joined()
    }
}
