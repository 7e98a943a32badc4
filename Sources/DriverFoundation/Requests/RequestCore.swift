/// What stands behind a request: pooled, and known to the client's side, the queue and the driver's
/// ``Request`` at once. Only its phase decides who may do what.
final class RequestCore: Sendable {
    /// Who has it.
    enum Phase: Hashable, Sendable {
        /// Nobody: it lies in the pool.
        case free
        /// A queue; the framework may cancel it by itself.
        case queued
        /// The driver, through a ``Request``.
        case owned
        /// An I/O target, which completes it with what comes back.
        case sent
    }

    /// Why it is not wanted any more; the first reason stands.
    enum Cancellation: Hashable, Sendable {
        /// Its client gave up, closed its file, or the driver purged its queue.
        case given
        /// The device goes (PNP-6, PNP-8).
        case removal

        /// What its client is told.
        var error: DeviceError {
            switch self {
            case .given: .cancelled
            case .removal: .removed
            }
        }
    }

    /// How far the stop of its queue has got with a request that the driver owns.
    enum Stop: Hashable, Sendable {
        case none
        /// The driver's stop handler was told.
        case told(StopReason)
        /// The driver keeps it while its device is out of D0.
        case acknowledged(StopReason)
        /// The device is back; the resume handler is to be told.
        case resuming

        var isAcknowledged: Bool { if case .acknowledged = self { true } else { false } }
    }

    struct State {
        var phase = Phase.free
        var kind = RequestKind.read
        var input: [UInt8] = []
        var output: [UInt8] = []
        var outputCapacity = 0
        var cancellation: Cancellation?
        var cancelHandler: (@Sendable () -> Void)?
        var cleanupHandler: (@Sendable () -> Void)?
        var reply: Resumption<ClientReply>?
        // In the place of `reply`, for a request that a driver made.
        var completion: (@Sendable (ClientReply) -> Void)?
        var queue: RequestQueue?
        var file: FileObject?
        var ticket: RequestTicket?
        // When it reached the device, and when its present phase began.
        var arrival = Instant(nanoseconds: 0)
        var since = Instant(nanoseconds: 0)
        // Counts the device's requests, for records.
        var number: UInt64 = 0
        // Whether the driver has had it in its hands.
        var isSeen = false
        var stop = Stop.none
        // The queue whose reserve it came from, and goes back to.
        var reserve: RequestQueue?
        var contexts: [any RequestContextPlace] = []
        // Links of the list that it stands in: a queue's, or the operations that wait for it.
        var next: RequestCore?
        var previous: RequestCore?
        var operation: (any RequestOperation)?
        // Who sent it down, and gets its end instead of a client.
        var sender: TargetOperation?

        var isCancelled: Bool { cancellation != nil }
    }

    let device: Device
    let state: LoopConfined<State>

    init(of device: Device) {
        self.device = device
        state = LoopConfined(on: device.loop, State())
    }

    func begin(
        _ request: ClientRequest, from file: FileObject, _ reply: Resumption<ClientReply>,
        ticket: RequestTicket
    ) {
        begin(request)
        state.value.reply = reply
        state.value.file = file
        state.value.ticket = ticket
        ticket.bind(to: self)
        file.began(self)
    }

    /// Begins a request that the driver makes, and owns.
    func begin(
        _ request: ClientRequest, completion: @escaping @Sendable (ClientReply) -> Void
    ) {
        begin(request)
        state.value.phase = .owned
        state.value.isSeen = true
        state.value.completion = completion
    }

    /// Begins; `number` is the one it goes on under.
    func begin(_ request: ClientRequest, number: UInt64? = nil) {
        contract(state.value.phase == .free, "a request was taken from the pool twice")
        state.value.phase = .queued
        state.value.kind = request.kind
        state.value.input = request.input
        state.value.outputCapacity = request.outputCapacity
        state.value.arrival = device.loop.now
        state.value.since = state.value.arrival
        state.value.number = number ?? device.nextRequestNumber()
        device.record(.requestAccepted, state.value.number, request.kind.number)
    }

    /// Ends the request, once, and gives the core back to the pool.
    ///
    /// what was to be cleaned up first, while all of the request is there; then it is
    /// completed, and its contexts go before whoever waits for it has run.
    func finish(error: DeviceError?, information: Int) {
        contract(state.value.phase != .free, "a request was completed twice")
        contract(
            state.value.operation == nil, "a request was completed while a transfer waits for it")
        if let cleanup = state.value.cleanupHandler.take() { device.scope.perform(cleanup) }
        device.record(.requestCompleted, state.value.number, error == nil ? 0 : 1)
        let wasOwned = state.value.phase == .owned
        let reply = state.value.reply.take()
        let completion = state.value.completion.take()
        let sender = state.value.sender.take()
        let queue = state.value.queue.take()
        let file = state.value.file.take()
        let answer = ClientReply(
            error: error.map(told), information: information, output: state.value.output)
        let ticket = state.value.ticket.take()
        ticket?.unbind()
        state.value.phase = .free
        state.value.cancellation = nil
        state.value.cancelHandler = nil
        state.value.isSeen = false
        state.value.stop = .none
        state.value.output = []
        state.value.input = []
        if wasOwned { queue?.requestLeftDriver(self) }
        reply?.resume(returning: answer)
        // The driver's, as well: in a turn of its own, for it may be inside itself now.
        if let completion { device.scope.task { completion(answer) } }
        for context in state.value.contexts { context.reset() }
        sender?.finished(answer)
        file?.ended(self)
        device.reuse(self)
    }

    /// What the client is told of an error: to the driver every cancel is alike, but whose
    /// request ended because the device goes must not believe that it gave up itself.
    private func told(_ error: DeviceError) -> DeviceError {
        guard error.code == .cancelled, state.value.cancellation == .removal else { return error }
        return DeviceError(
            .removed, DeviceError.removed.message, transferred: error.transferred,
            partialBytes: error.partialBytes)
    }

    /// The client, or the framework on its way out, does not want it any more.
    ///
    /// Without a reason it is for the device's removal while that goes on: then the framework
    /// closes files by itself.
    func cancel(_ given: Cancellation? = nil) {
        let reason = given ?? (device.state.value.isRemoving ? .removal : .given)
        switch state.value.phase {
        case .free: return
        case .queued:
            if device.loop.isPlanted(.lostCancelWhileQueued) { return }
            device.loop.reach(.cancelWhileQueued)
            state.value.cancellation = reason
            state.value.queue?.endWaiting(self)
        case .owned, .sent:
            guard !state.value.isCancelled else { return }
            state.value.cancellation = reason
            device.loop.reach(.cancelWhileOwned)
            if device.loop.isPlanted(.lostCancelWhileOwned) { return }
            interrupt(reason)
            guard state.value.cancelHandler != nil else { return }
            // Cancelling comes from wherever the client or the framework is, perhaps from inside
            // the driver itself; the handler is the driver's, and gets a turn of its own.
            let scope = state.value.queue?.device.scope ?? device.scope
            scope.task { [self] in
                guard state.value.isCancelled, let handler = state.value.cancelHandler.take() else {
                    return
                }
                handler()
                if state.value.phase != .owned { device.loop.reach(.completedFromCancelHandler) }
            }
        }
    }

    /// Ends what is awaited on its behalf.
    func interrupt(_ reason: Cancellation) {
        state.value.operation?.requestCancelled(reason)
    }
}
