/// An open of a device by a program or by another driver (F-1…F-7): what its requests belong to.
///
/// Its life: the driver's `create` handler, requests, `cleanup`, the end of all its requests,
/// `close`; then its contexts are let go of. See ``Device/files(for:create:cleanup:close:)``.
///
/// Threading: its device's scope; what is constant, anywhere.
public final class FileObject: Sendable {
    /// Where it stands.
    enum Phase: Hashable, Sendable {
        /// The driver is being asked.
        case creating
        /// It takes requests.
        case open
        /// The driver cleans up (F-2).
        case cleaning
        /// Requests that the driver owns are awaited (F-3).
        case draining
        /// The driver closes.
        case closing
        /// Nothing of it is left.
        case closed
    }

    struct State {
        var phase = Phase.creating
        var isCloseAsked = false
        var requests: [RequestCore] = []
        var waiters: [Resumption<Void>] = []
        var contexts: [ObjectIdentifier: any Sendable] = [:]
        var holder: (any FileHolder)?
    }

    /// The device.
    public let device: Device
    /// What was opened below the device; empty for the device itself (F-4).
    public let path: String
    /// Which of the device's interfaces of one class was opened (DI-1).
    public let reference: String
    /// Who opened it (F-4).
    public let client: ClientIdentity
    /// Whether another driver has it open, through a target of its own (T-2).
    let isOfDriver: Bool
    let state: LoopConfined<State>

    init(_ opening: FileOpening, of device: Device) {
        self.device = device
        path = opening.path
        reference = opening.reference
        client = opening.client
        isOfDriver = opening.isOfDriver
        state = LoopConfined(on: device.loop, State(holder: opening.holder))
    }

    /// What the driver keeps for this file, one value of each type (F-7): gone after `close`.
    public subscript<Context: Sendable>(context: Context.Type) -> Context? {
        get { state.value.contexts[ObjectIdentifier(context)] as? Context }
        set { state.value.contexts[ObjectIdentifier(context)] = newValue }
    }

    /// Cancels the requests of this file that the driver owns, as their client would: for a
    /// `cleanup` handler, whose duty they are (F-2).
    public func cancelRequests() {
        // A snapshot, because a cancel handler may lead to requests leaving.
        for core in state.value.requests { core.cancel() }
    }

    // MARK: Requests

    func began(_ core: RequestCore) { state.value.requests.append(core) }

    /// A request of this file was completed.
    func ended(_ core: RequestCore) {
        if let index = state.value.requests.firstIndex(where: { $0 === core }) {
            state.value.requests.swapAt(index, state.value.requests.count - 1)
            state.value.requests.removeLast()
        }
        closeIfIdle()
    }

    // MARK: The way in

    /// The driver has agreed.
    func created() {
        state.value.phase = .open
        if state.value.isCloseAsked { cleanUp() }
    }

    /// F-6: the driver has refused; it hears no more of this file.
    func refused() { end() }

    // MARK: The way out

    /// Returns when it is closed. Any thread.
    func close() async {
        await device.loop.wait(ifEnded: ()) { [self] done in close(done) }
    }

    func close(_ done: Resumption<Void>?) {
        guard state.value.phase != .closed else {
            done?.resume()
            return
        }
        if let done { state.value.waiters.append(done) }
        guard !state.value.isCloseAsked else { return }
        state.value.isCloseAsked = true
        if state.value.phase == .open { cleanUp() } else { device.loop.reach(.closedWhileCreating) }
    }

    /// F-2: the driver's handlers first.
    private func cleanUp() {
        state.value.phase = .cleaning
        let handlers = device.state.value.fileAccess.handlers.compactMap(\.cleanup)
        if handlers.isEmpty {
            cancelQueued()
            // Nobody else would tell what the driver waits for that the client is gone.
            if !device.loop.isPlanted(.closeCancelsNothing) { cancelRequests() }
            drain()
        } else {
            device.scope.task { [self] in
                for handler in handlers { await handler(self) }
                cancelQueued()
                drain()
            }
        }
    }

    private func cancelQueued() {
        if device.loop.isPlanted(.closeCancelsNothing) { return }
        for core in state.value.requests {
            // One that the driver owns is not to wait in a queue again.
            core.state.value.ticket?.expire()
            if core.state.value.phase == .queued { core.cancel() }
        }
    }

    private func drain() {
        state.value.phase = .draining
        if !state.value.requests.isEmpty { device.loop.reach(.closedWithOwned) }
        closeIfIdle()
    }

    /// F-3: the driver's handlers when all I/O is done.
    private func closeIfIdle() {
        guard state.value.phase == .draining, state.value.requests.isEmpty else { return }
        state.value.phase = .closing
        let handlers = device.state.value.fileAccess.handlers.compactMap(\.close)
        if handlers.isEmpty { return end() }
        device.scope.task { [self] in
            for handler in handlers { await handler(self) }
            end()
        }
    }

    private func end() {
        state.value.phase = .closed
        // Taken out first: what goes with the contexts may look at the file.
        let contexts = state.value.contexts
        state.value.contexts = [:]
        state.value.holder = nil
        _ = consume contexts
        let waiters = state.value.waiters
        state.value.waiters = []
        device.fileClosed(self)
        for waiter in waiters { waiter.resume() }
    }
}

/// A program's end of a file.
final class FileEnd: FilePort {
    private let file: FileObject
    private var device: Device { file.device }

    init(_ file: FileObject) { self.file = file }

    func perform(_ request: ClientRequest) async -> ClientReply {
        let ticket = RequestTicket(on: device.loop)
        return await withTaskCancellationHandler {
            await Resumption.wait { reply in
                let isTaken = device.loop.onLoop { [self] in
                    begin(request, reply, ticket: ticket)
                }
                if !isTaken { reply.resume(returning: ClientReply(error: .removed)) }
            }
        } onCancel: {
            _ = device.loop.onLoop { ticket.cancel() }
        }
    }

    func close() async { await file.close() }

    func beginClose() {
        _ = device.loop.onLoop { [file] in file.close(nil) }
    }

    private func begin(
        _ request: ClientRequest, _ reply: Resumption<ClientReply>, ticket: RequestTicket
    ) {
        if ticket.isCancelled {
            device.loop.reach(.cancelBeforeArrival)
            return reply.resume(returning: ClientReply(error: .cancelled))
        }
        guard file.state.value.phase == .open else {
            let error = DeviceError(.invalidRequest, "The file is closed.")
            return reply.resume(returning: ClientReply(error: error))
        }
        // PNP-19: what has failed takes nothing any more, whatever its queues would do.
        guard !device.isGone, !device.isFailed else {
            return reply.resume(returning: ClientReply(error: .removed))
        }
        if case .internalDeviceControl = request.kind, !file.isOfDriver {
            let error = DeviceError(
                .invalidRequest,
                "Only drivers send internal device controls, and this file is a program's (R-1).")
            return reply.resume(returning: ClientReply(error: error))
        }
        device.submit(request, from: file, reply, ticket: ticket)
    }
}
