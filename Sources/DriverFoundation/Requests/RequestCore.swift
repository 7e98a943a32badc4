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
    }

    struct State {
        var phase = Phase.free
        var kind = RequestKind.read
        var input: [UInt8] = []
        var output: [UInt8] = []
        var outputCapacity = 0
        var isCancelled = false
        var cancelHandler: (@Sendable () -> Void)?
        var reply: Resumption<ClientReply>?
        var queue: RequestQueue?
        var file: File?
        var ticket: RequestTicket?
        var since = Instant(nanoseconds: 0)
        // Counts the device's requests, for records.
        var number: UInt64 = 0
        // Links of the list that it stands in: a queue's, or the operations that wait for it.
        var next: RequestCore?
        var previous: RequestCore?
        var operation: PipeOperation?
    }

    let device: Device
    let state: LoopConfined<State>

    init(of device: Device) {
        self.device = device
        state = LoopConfined(on: device.loop, State())
    }

    func begin(
        _ request: ClientRequest, from file: File, _ reply: Resumption<ClientReply>,
        ticket: RequestTicket
    ) {
        contract(state.value.phase == .free, "a request was taken from the pool twice")
        state.value.phase = .queued
        state.value.kind = request.kind
        state.value.input = request.input
        state.value.outputCapacity = request.outputCapacity
        state.value.reply = reply
        state.value.file = file
        state.value.ticket = ticket
        state.value.since = device.loop.now
        state.value.number = device.nextRequestNumber()
        ticket.bind(to: self)
        device.record(.requestAccepted, state.value.number, request.kind.number)
    }

    /// Ends the request, once, and gives the core back to the pool.
    func finish(error: DeviceError?, information: Int) {
        contract(state.value.phase != .free, "a request was completed twice")
        device.record(.requestCompleted, state.value.number, error == nil ? 0 : 1)
        let wasOwned = state.value.phase == .owned
        let reply = state.value.reply.take()
        let queue = state.value.queue.take()
        let file = state.value.file.take()
        let answer = ClientReply(
            error: error, information: information, output: state.value.output)
        let ticket = state.value.ticket.take()
        ticket?.unbind()
        state.value.phase = .free
        state.value.isCancelled = false
        state.value.cancelHandler = nil
        state.value.output = []
        state.value.input = []
        contract(
            state.value.operation == nil, "a request was completed while a transfer waits for it")
        if wasOwned { queue?.requestLeftDriver(self) }
        device.reuse(self)
        reply?.resume(returning: answer)
        file?.requestEnded(ticket)
    }

    /// The client, or the framework on its way out, does not want it any more.
    func cancel() {
        switch state.value.phase {
        case .free: return
        case .queued:
            if device.loop.isPlanted(.lostCancelWhileQueued) { return }
            device.loop.reach(.cancelWhileQueued)
            state.value.queue?.remove(self)
            finish(error: .cancelled, information: 0)
        case .owned:
            guard !state.value.isCancelled else { return }
            state.value.isCancelled = true
            device.loop.reach(.cancelWhileOwned)
            if device.loop.isPlanted(.lostCancelWhileOwned) { return }
            state.value.operation?.cancel()
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
}

/// A client's hold on its request: enough to cancel it, whoever has it by then.
final class RequestTicket: Sendable {
    private struct State {
        var core: RequestCore?
        var isCancelled = false
    }
    private let loop: EventLoop
    private let state: LoopConfined<State>

    init(on loop: EventLoop) {
        self.loop = loop
        state = LoopConfined(on: loop, State())
    }

    func bind(to core: RequestCore) { state.value.core = core }
    func unbind() { state.value.core = nil }
    var isCancelled: Bool { state.value.isCancelled }

    func cancel() {
        state.value.isCancelled = true
        state.value.core?.cancel()
    }
}
