public import DriverRuntime
public import USBBus
public import VirtualUSB

/// Exports virtual devices over USB/IP, to Linux's `usbip attach` and every other client.
///
/// A device has one client at a time: another is answered that it is busy, and it does not stand in
/// the list meanwhile. When a client goes, by whatever cause, the device's bus is reset and it can
/// be imported again. Whatever a client sends ends at most that client's connection; the reason is
/// reported through `ServerOptions.onEvent`.
///
/// What the protocol cannot carry the device does not see: suspend, resume, remote wakeup, the
/// address, and a port reset unless the client sends the hub's request for it (usbip §1.12).
/// Isochronous transfers are answered with `EXDEV` and move no data.
///
/// Threading: any.
public final class USBIPServer: Sendable {
    /// The loop on which the server and its devices run.
    public let loop: EventLoop
    /// The devices it exports.
    public let exports: DeviceExports
    /// The TCP port it listens on.
    public let port: UInt16
    private let options: ServerOptions
    private let waiter: PollWaiter
    private let listener: StreamSocket
    private let state: LoopConfined<State>

    private struct State {
        var connections: [Connection] = []
        var nextClient: UInt64 = 1
        var isStopped = false
    }

    /// Starts to listen, on a thread of its own.
    ///
    /// - Throws: `.busy` when the port is taken, `.accessDenied` when it may not be used,
    ///   `.invalidRequest` for a text that is no address of this machine; the message says what to
    ///   do.
    public static func start(
        _ options: ServerOptions = ServerOptions()
    ) async throws(BusError) -> USBIPServer {
        let listener: StreamSocket?
        do throws(StreamSocket.Failure) {
            listener = try StreamSocket.listen(on: options.address, port: options.port)
        } catch {
            throw .cannotListen(options, error)
        }
        guard let listener else { throw .noAddress(options.address) }
        let server = USBIPServer(options, listener)
        server.loop.start()
        await server.loop.perform { server.watchListener() }
        return server
    }

    private init(_ options: ServerOptions, _ listener: StreamSocket) {
        self.options = options
        self.listener = listener
        port = listener.localPort
        waiter = PollWaiter()
        loop = EventLoop(name: "usbip", waiter: waiter)
        exports = DeviceExports(on: loop)
        state = LoopConfined(on: loop, State())
    }

    /// Makes a device and exports it; see ``DeviceExports/export(_:faults:_:)``.
    public func export<Device: VirtualDevice>(
        _ busID: String, faults: FaultPlan = FaultPlan(),
        _ device: @escaping @Sendable (DevicePort) -> Device
    ) async throws(BusError) -> ExportedDevice {
        try await exports.export(busID, faults: faults, device)
    }

    // MARK: Clients

    private func watchListener() {
        guard !state.value.isStopped else { return }
        waiter.watch(listener.descriptor, for: .readable) { [weak self] _ in self?.accept() }
    }

    private func accept() {
        while true {
            let (socket, isExhausted) = listener.accept()
            if isExhausted { pauseListener() }
            guard let socket else { return }
            guard state.value.connections.count < options.maximumConnections else {
                options.onEvent(.turnedAway(address: socket.peer))
                socket.close()
                continue
            }
            welcome(socket)
        }
    }

    /// Without descriptors the listener would be ready for ever: it is looked at again later.
    private func pauseListener() {
        waiter.unwatch(listener.descriptor)
        Deadline(on: loop) { [weak self] in self?.watchListener() }.arm(after: .milliseconds(100))
    }

    private func welcome(_ socket: StreamSocket) {
        let client = state.value.nextClient
        state.value.nextClient += 1
        let connection = Connection(
            socket, client: client, on: loop, waiter: waiter,
            session: exports.makeSession(limits: options.limits), options: options,
            onImport: { [options] in options.onEvent(.imported(client: $0.client, $1)) },
            onEnd: { [weak self] in self?.ended($0, $1) })
        state.value.connections.append(connection)
        options.onEvent(.connected(client: client, address: socket.peer))
        connection.start(on: loop)
    }

    private func ended(_ connection: Connection, _ reason: SessionEnd) {
        state.value.connections.removeAll { $0 === connection }
        options.onEvent(.ended(client: connection.client, reason))
    }

    /// How many clients are connected.
    public var clients: Int {
        get async { await loop.perform { [self] in state.value.connections.count } ?? 0 }
    }

    /// Bytes that wait for clients to take them, of all together.
    public var unsentBytes: Int {
        get async {
            await loop.perform { [self] in
                state.value.connections.reduce(0) { $0 + $1.unsentBytes }
            } ?? 0
        }
    }

    // MARK: The end

    /// Closes every connection, unplugs every device, and ends the server's thread once the devices
    /// have been told. Calling it again does nothing.
    public func stop() async {
        await loop.perform { [self] in
            guard !state.value.isStopped else { return }
            state.value.isStopped = true
            waiter.unwatch(listener.descriptor)
            listener.close()
            for connection in state.value.connections { connection.end(.stopped) }
            exports.unplugAll()
        }
        loop.stop()
    }
}

extension BusError {
    fileprivate static func cannotListen(
        _ options: ServerOptions, _ failure: StreamSocket.Failure
    ) -> BusError {
        let place = "\(options.address) port \(options.port)"
        if failure.isAddressInUse {
            return BusError(
                .busy,
                "Another program, perhaps usbipd, listens on \(place) already: stop it, or choose"
                    + " another port and name it to clients (usbip --tcp-port).",
                native: failure.code)
        }
        if failure.isNotPermitted {
            return BusError(
                .accessDenied, "Ports below 1024 such as \(place) are root's: choose another.",
                native: failure.code)
        }
        return BusError(
            .invalidRequest, "Cannot listen on \(place): \(failure.text).", native: failure.code)
    }

    fileprivate static func noAddress(_ text: String) -> BusError {
        BusError(
            .invalidRequest,
            "“\(text)” is no IP address: give a numeric one of this machine, such as 127.0.0.1.")
    }
}
