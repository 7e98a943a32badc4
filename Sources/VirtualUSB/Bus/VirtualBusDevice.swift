internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// An open device of a ``VirtualBus``.
final class VirtualBusDevice: BusDevice {
    let id: AttachmentID
    let loop: EventLoop
    let upstream: UpstreamPort
    private let attachment: Attachment
    private let state: LoopConfined<State>

    private struct State {
        var claimed = [Bool](repeating: false, count: 256)
        /// Transfers in flight: OUT by endpoint number, then IN.
        var inFlight = [Int](repeating: 0, count: 32)
        var isClosed = false
    }

    init(_ attachment: Attachment, on loop: EventLoop) {
        id = attachment.id
        upstream = attachment.upstream
        self.attachment = attachment
        self.loop = loop
        state = LoopConfined(on: loop, State())
    }

    // MARK: Transfers

    func makeTransfer(
        _ type: TransferType, on endpoint: EndpointAddress, maxPacketSize: Int, capacity: Int
    ) throws(BusError) -> BusTransfer {
        loop.preconditionOnLoop()
        try requirePresent()
        guard capacity >= 0, maxPacketSize > 0 else {
            throw BusError(
                .invalidRequest,
                "A transfer cannot have \(capacity) bytes in packets of \(maxPacketSize).")
        }
        if type == .control {
            guard endpoint.number == 0, capacity <= 4096 else {
                throw BusError(
                    .invalidRequest,
                    "A control transfer is on endpoint 0, not \(endpoint), and carries 4096 bytes"
                        + " at most, not \(capacity).")
            }
        } else if type == .isochronous {
            throw BusError(.unsupported, "Virtual devices have no isochronous transfers.")
        } else {
            try requireClaimed(endpoint, type)
        }
        return VirtualBusTransfer(
            self, type, endpoint: endpoint, maxPacketSize: maxPacketSize, capacity: capacity)
    }

    /// Where a transfer goes that is about to begin.
    func admit(_ transfer: VirtualBusTransfer) throws(BusError) -> UpstreamPort {
        try requirePresent()
        guard !upstream.isSuspended else {
            throw BusError(.failed, "Device \(id) is suspended: it was allowed to be.")
        }
        if transfer.type != .control { try requireClaimed(transfer.endpoint, transfer.type) }
        return upstream
    }

    private func requireClaimed(
        _ endpoint: EndpointAddress, _ type: TransferType
    ) throws(BusError) {
        guard let interface = upstream.interface(of: endpoint),
            state.value.claimed[Int(interface)]
        else {
            throw BusError(
                .notFound,
                "No claimed interface of device \(id) has endpoint \(endpoint) in its present"
                    + " setting.")
        }
        guard upstream.transferType(of: endpoint) == type else {
            throw BusError(
                .invalidRequest, "Endpoint \(endpoint) of device \(id) is not of type \(type).")
        }
    }

    /// Whether a transfer is in flight.
    var isMoving: Bool { state.value.inFlight.contains { $0 != 0 } }

    func began(_ endpoint: EndpointAddress) { state.value.inFlight[Self.slot(endpoint)] += 1 }
    func ended(_ endpoint: EndpointAddress) { state.value.inFlight[Self.slot(endpoint)] -= 1 }

    private static func slot(_ endpoint: EndpointAddress) -> Int {
        Int(endpoint.number) + (endpoint.number != 0 && endpoint.direction == .in ? 16 : 0)
    }

    private func requireIdle(_ call: String) {
        contract(
            state.value.inFlight.allSatisfy { $0 == 0 },
            "\(call) of device \(id) with a transfer in flight (L9)")
    }

    private func requireIdle(interface: UInt8, _ call: String) {
        guard let value = upstream.configuration,
            let settings = upstream.description.configuration(value)?.interface(interface)
        else { return }
        for endpoint in settings.alternateSettings.flatMap(\.endpoints) {
            contract(
                state.value.inFlight[Self.slot(endpoint.address)] == 0,
                "\(call) of interface \(interface) of device \(id) with a transfer in flight on"
                    + " \(endpoint.address) (L9)")
        }
    }

    // MARK: Interfaces and settings

    func kernelDriver(of interface: UInt8) async -> String? { nil }

    func claim(_ interface: UInt8, detaching: Bool) async throws(BusError) {
        try await onLoop { [self] () throws(BusError) in
            try requirePresent()
            guard upstream.alternateSetting(of: interface) != nil else {
                throw BusError(.notFound, "Device \(id) has no interface \(interface).")
            }
            guard !state.value.claimed[Int(interface)] else {
                throw BusError(
                    .busy, "Interface \(interface) of device \(id) is claimed already.")
            }
            state.value.claimed[Int(interface)] = true
        }
    }

    func release(_ interface: UInt8) async {
        await loop.perform { [self] in
            guard state.value.claimed[Int(interface)] else { return }
            requireIdle(interface: interface, "release")
            state.value.claimed[Int(interface)] = false
        }
        // An operating system puts the interface back into its first setting.
        let setting = await loop.perform { [self] in upstream.alternateSetting(of: interface) }
        guard (setting ?? nil) ?? 0 != 0 else { return }
        _ = await upstream.control(.setInterface(interface, alternateSetting: 0))
    }

    func setConfiguration(_ value: UInt8) async throws(BusError) {
        let isNeeded = try await onLoop { [self] () throws(BusError) in
            try requirePresent()
            if let claimed = state.value.claimed.firstIndex(of: true) {
                throw BusError(.busy, "Interface \(claimed) of device \(id) is claimed.")
            }
            requireIdle("setConfiguration")
            guard value == 0 || upstream.description.configuration(value) != nil else {
                throw BusError(.notFound, "Device \(id) has no configuration \(value).")
            }
            return (upstream.configuration ?? 0) != value
        }
        if isNeeded { try await request(.setConfiguration(value)) }
    }

    func setAlternateSetting(_ setting: UInt8, of interface: UInt8) async throws(BusError) {
        try await onLoop { [self] () throws(BusError) in
            try requirePresent()
            guard state.value.claimed[Int(interface)] else {
                throw BusError(
                    .notFound, "Interface \(interface) of device \(id) is not claimed.")
            }
            requireIdle(interface: interface, "setAlternateSetting")
            let configuration = upstream.configuration.flatMap(upstream.description.configuration)
            guard configuration?.interface(interface)?.alternateSetting(setting) != nil else {
                throw BusError(
                    .notFound,
                    "Interface \(interface) of device \(id) has no alternate setting \(setting).")
            }
        }
        try await request(.setInterface(interface, alternateSetting: setting))
    }

    func clearHalt(_ endpoint: EndpointAddress) async throws(BusError) {
        try await onLoop { [self] () throws(BusError) in
            try requirePresent()
            contract(
                state.value.inFlight[Self.slot(endpoint)] == 0,
                "clearHalt of \(endpoint) of device \(id) with a transfer in flight (L9)")
            guard upstream.transferType(of: endpoint) != nil else {
                throw BusError(.notFound, "Device \(id) has no endpoint \(endpoint) now.")
            }
        }
        try await request(.clearHalt(endpoint))
    }

    func reset() async throws(BusError) -> ResetOutcome {
        let (configuration, settings) = try await onLoop { [self] () throws(BusError) in
            try requirePresent()
            requireIdle("reset")
            let value = upstream.configuration
            let interfaces = value.flatMap(upstream.description.configuration)?.interfaces ?? []
            let settings = interfaces.map {
                (number: $0.number, setting: upstream.alternateSetting(of: $0.number) ?? 0)
            }
            upstream.busReset()
            return (value, settings)
        }
        // What was selected before is selected again, as operating systems do (L22).
        guard let configuration else { return .kept }
        guard await upstream.control(.setConfiguration(configuration)).status == .completed else {
            return .lost
        }
        for entry in settings where entry.setting != 0 {
            let setup = SetupPacket.setInterface(entry.number, alternateSetting: entry.setting)
            guard await upstream.control(setup).status == .completed else { return .lost }
        }
        return .kept
    }

    func close() async {
        let claimed = await loop.perform { [self] () -> [UInt8] in
            guard !state.value.isClosed else { return [] }
            requireIdle("close")
            return (0...255).filter { state.value.claimed[Int($0)] }
        }
        for interface in claimed ?? [] { await release(interface) }
        await loop.perform { [self] in
            guard !state.value.isClosed else { return }
            state.value.isClosed = true
            attachment.isOpen = false
        }
    }

    // MARK: Calls

    func requirePresent() throws(BusError) {
        guard !upstream.isGone, !state.value.isClosed else { throw .gone(id) }
    }

    func request(_ setup: SetupPacket) async throws(BusError) {
        switch await upstream.control(setup).status {
        case .completed: return
        case .stalled:
            throw BusError(.stalled, "Device \(id) refused request \(setup.request).")
        case .deviceGone:
            throw .gone(id)
        case .cancelled:
            throw BusError(
                .failed, "Device \(id) did not answer request \(setup.request) in time.")
        case let status:
            throw BusError(.failed, "Request \(setup.request) to device \(id) ended as \(status).")
        }
    }

    func onLoop<Value: Sendable>(
        _ body: @escaping @Sendable () throws(BusError) -> Value
    ) async throws(BusError) -> Value {
        let result = await loop.perform { () -> Result<Value, BusError> in
            do throws(BusError) { return .success(try body()) } catch { return .failure(error) }
        }
        guard let result else { throw .gone(id) }
        return try result.get()
    }
}
