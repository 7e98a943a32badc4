/// What waits on behalf of a request that a driver owns, and can be asked to end early.
protocol RequestOperation: AnyObject, Sendable {
    /// The request is not wanted any more.
    func requestCancelled(_ reason: RequestCore.Cancellation)
}

/// One sending of a request to an I/O target: pended, sent, or ended.
///
/// Whatever ends it early — its request's cancellation, a timeout, a state change of the target —
/// cancels what was sent; the wait ends with its real end.
final class TargetOperation: RequestOperation {
    enum Phase: Hashable, Sendable {
        /// Not yet given to the target.
        case made
        /// The target is stopped, and keeps it (T-3).
        case pended
        /// Below.
        case sent
        /// The sender has its answer.
        case ended
    }

    /// Why it was asked to end early.
    enum Interruption: Sendable { case cancelled, timedOut, purged, deleted }

    /// What a port needs to cancel it.
    enum Carrier: Sendable {
        case none
        case core(RequestCore)
        case task(Task<Void, Never>)
    }

    private struct State {
        var phase = Phase.made
        var interruption: Interruption?
        var resumption: Resumption<ClientReply>?
        var deadline: Deadline?
        var port: (any TargetPort)?
        var carrier = Carrier.none
    }

    let target: IOTarget
    let request: ClientRequest
    let options: SendOptions
    /// The request on whose behalf it runs, and with which it is cancelled.
    let core: RequestCore?
    /// Whether it is `core` itself that is sent: below it bears the same number and file.
    let isPassedOn: Bool
    private let state: LoopConfined<State>

    init(
        _ request: ClientRequest, to target: IOTarget, _ options: SendOptions,
        for core: RequestCore?,
        isPassedOn: Bool = false
    ) {
        self.request = request
        self.target = target
        self.options = options
        self.core = core
        self.isPassedOn = isPassedOn
        state = LoopConfined(on: target.device.loop, State())
    }

    private var loop: EventLoop { target.device.loop }
    var phase: Phase { state.value.phase }

    /// The port's.
    var carrier: Carrier {
        get { state.value.carrier }
        set { state.value.carrier = newValue }
    }

    // MARK: The way down

    /// Gives it to the target; without a resumption the request is completed with what comes back.
    func begin(_ resumption: Resumption<ClientReply>?) {
        state.value.resumption = resumption
        core?.attach(self)
        if state.value.interruption != nil || core?.state.value.isCancelled == true {
            loop.reach(.cancelBeforeSend)
            return end(ClientReply(error: .cancelled))
        }
        if let instant = options.deadline(from: loop.now) {
            let deadline = Deadline(on: loop) { [unowned self] in interrupt(.timedOut) }
            state.value.deadline = deadline
            deadline.arm(at: instant)
        }
        do throws(DeviceError) {
            try target.device.environment.verifier.pass(.targetRequest)
            target.admit(self)
        } catch { refuse(error) }
    }

    func pend() { state.value.phase = .pended }

    func send(to port: any TargetPort) {
        state.value.phase = .sent
        state.value.port = port
        port.send(self)
    }

    // MARK: The way back

    func requestCancelled(_ reason: RequestCore.Cancellation) { interrupt(.cancelled) }

    /// Asks for an early end; the first reason given stands.
    func interrupt(_ reason: Interruption) {
        switch state.value.phase {
        case .made: state.value.interruption = reason
        case .pended:
            loop.reach(.interruptedWhilePended)
            target.forget(self)
            end(ClientReply(error: .notSent(reason, to: target)))
        case .sent:
            guard state.value.interruption == nil else { return }
            state.value.interruption = reason
            loop.reach(.interruptedWhileSent)
            if loop.isPlanted(.timeoutDoesNotWait) {
                return finished(ClientReply(error: .cancelled))
            }
            state.value.port?.cancel(self)
        case .ended: break
        }
    }

    /// What was sent has really ended.
    func finished(_ reply: ClientReply) {
        guard state.value.phase == .sent else { return }
        target.forget(self)
        var reply = reply
        do throws(DeviceError) {
            try target.device.environment.verifier.pass(.targetReply)
        } catch { reply = reply.failing(with: error) }
        switch (state.value.interruption, reply.error) {
        // the time-out is why it was cancelled, and so what its sender hears.
        case (.timedOut, let error?) where error.code == .cancelled:
            reply = reply.failing(
                with: DeviceError(
                    .timedOut, "A request to \(target.name) took longer than it was given.",
                    transferred: error.transferred, partialBytes: error.partialBytes))
        case (_?, nil): loop.reach(.endBeatsInterruption)
        default: break
        }
        end(reply)
    }

    /// The target does not take it.
    func refuse(_ error: DeviceError) { end(ClientReply(error: error)) }

    private func end(_ reply: ClientReply) {
        state.value.phase = .ended
        state.value.deadline?.disarm()
        state.value.deadline = nil
        state.value.port = nil
        state.value.carrier = .none
        core?.detach(self)
        if let resumption = state.value.resumption.take() {
            resumption.resume(returning: reply)
        } else {
            core?.complete(reply)
        }
    }
}

extension ClientReply {
    fileprivate func failing(with error: DeviceError) -> ClientReply {
        ClientReply(error: error, information: information, output: output)
    }
}

extension DeviceError {
    /// Why a pended request ended without having been sent.
    fileprivate static func notSent(
        _ reason: TargetOperation.Interruption, to target: IOTarget
    ) -> DeviceError {
        switch reason {
        case .cancelled: .cancelled
        case .timedOut:
            DeviceError(
                .timedOutNotSent, "\(target.name) was not started in time, and nothing was sent.")
        case .purged: .unavailable(target)
        case .deleted:
            DeviceError(
                .removedNotSent, "\(target.name) was deleted before the request was sent.")
        }
    }

    /// What a target says that takes no requests in its present state (T-3).
    static func unavailable(_ target: IOTarget) -> DeviceError {
        DeviceError(
            .invalidDeviceState,
            "\(target.name) is \(target.state), and takes no requests.")
    }
}
