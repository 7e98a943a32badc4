internal import DriverRuntime

/// A session's socket: moves bytes both ways, and watches the time. On the server's loop.
final class Connection: Sendable {
    let client: UInt64
    private let waiter: PollWaiter
    private let socket: StreamSocket
    private let silence: Duration
    private let handshakeTimeout: Duration
    private let state: LoopConfined<State>
    private let onEnd: @Sendable (Connection, SessionEnd) -> Void
    private let onImport: @Sendable (Connection, BusID) -> Void

    private struct State {
        let session: ServedSession
        var deadline: Deadline?
        var interest: PollWaiter.Readiness?
        var isAttached = false
        var isBlocked = false
        var isClosed = false
    }

    init(
        _ socket: StreamSocket, client: UInt64, on loop: EventLoop, waiter: PollWaiter,
        session: ServedSession, options: ServerOptions,
        onImport: @escaping @Sendable (Connection, BusID) -> Void,
        onEnd: @escaping @Sendable (Connection, SessionEnd) -> Void
    ) {
        self.client = client
        self.waiter = waiter
        self.socket = socket
        silence = options.silenceTimeout
        handshakeTimeout = options.handshakeTimeout
        state = LoopConfined(on: loop, State(session: session))
        self.onImport = onImport
        self.onEnd = onEnd
    }

    func start(on loop: EventLoop) {
        socket.tune(silence: silence)
        let deadline = Deadline(on: loop) { [weak self] in self?.end(.timedOut) }
        deadline.arm(after: handshakeTimeout)
        state.value.deadline = deadline
        state.value.session.onChange = { [weak self] in self?.advance() }
        watch()
    }

    var unsentBytes: Int { state.value.session.unsentBytes }

    /// Ends the session, and with it the connection.
    func end(_ reason: SessionEnd) {
        state.value.session.end(reason)
        advance()
    }

    private func ready(_ readiness: PollWaiter.Readiness) {
        if readiness.contains(.writable) { state.value.isBlocked = false }
        if state.value.session.wantsInput {
            read()
        } else if !readiness.isDisjoint(with: .closed) {
            // Nobody is there to take the rest.
            state.value.session.end(.connectionFailed(0))
        }
        advance()
    }

    private func read() {
        let session = state.value.session
        var outcome = StreamSocket.Outcome.wouldBlock
        unsafe session.receive { buffer in
            outcome = unsafe socket.read(into: buffer)
            if case .moved(let count) = outcome { return count }
            return 0
        }
        switch outcome {
        case .moved, .wouldBlock: break
        case .end: session.end(.peerClosed)
        case .failed(let code): session.end(.connectionFailed(code))
        }
    }

    /// Sends what can be sent, and does what the session's state asks.
    private func advance() {
        guard !state.value.isClosed else { return }
        let session = state.value.session
        if !state.value.isAttached, case .attached = session.state {
            state.value.isAttached = true
            state.value.deadline?.disarm()
            if let busID = session.busID { onImport(self, busID) }
        }
        write()
        switch session.state {
        case .ended(let reason):
            close(reason)
            return
        case .finishing:
            // The peer has so long to take the last answer.
            if state.value.isAttached { state.value.deadline?.arm(after: handshakeTimeout) }
            state.value.isAttached = false
        default: break
        }
        watch()
    }

    private func write() {
        let session = state.value.session
        while !session.isOutputEmpty, !state.value.isBlocked {
            switch socket.write(session.output) {
            case .moved(let count): session.sent(count)
            case .wouldBlock: state.value.isBlocked = true
            case .end: return
            case .failed(let code): session.end(.connectionFailed(code))
            }
        }
    }

    private func watch() {
        var interest: PollWaiter.Readiness = []
        if state.value.session.wantsInput { interest.insert(.readable) }
        if state.value.isBlocked { interest.insert(.writable) }
        guard interest != state.value.interest else { return }
        state.value.interest = interest
        waiter.watch(socket.descriptor, for: interest) { [weak self] in self?.ready($0) }
    }

    private func close(_ reason: SessionEnd) {
        state.value.isClosed = true
        state.value.deadline.take()?.disarm()
        waiter.unwatch(socket.descriptor)
        socket.close()
        onEnd(self, reason)
    }
}
