/// The way of a client's request into the device.
extension Device {
    /// Takes a client's request in: to the queue for its kind, or completed at once.
    func submit(
        _ request: ClientRequest, from file: FileObject, _ reply: Resumption<ClientReply>,
        ticket: RequestTicket
    ) {
        let queue = state.value.stack.top?.queue(for: request.kind)
        guard let core = takeCore(for: request.kind, to: queue) else {
            let error = DeviceError(
                .outOfMemory, "\(name) takes \(requestLimit) requests at once (Q-19).")
            return reply.resume(returning: ClientReply(error: error))
        }
        core.begin(request, from: file, reply, ticket: ticket)
        if let preprocessing = state.value.parts.preprocessing {
            return preprocessing.accept(core, atHead: false)
        }
        route(core, to: queue)
    }

    /// Takes a request in at the device's upper end: to the queue for its kind, or completed at
    /// once.
    func route(_ core: RequestCore) {
        route(core, to: state.value.stack.top?.queue(for: core.state.value.kind))
    }

    /// Hands a request to the queue that was found for it; completes it when there is none.
    func route(_ core: RequestCore, to queue: RequestQueue?) {
        let kind = core.state.value.kind
        let capacity = core.state.value.outputCapacity
        guard let queue else {
            return core.finish(error: .invalidRequest, information: 0)
        }
        guard ClientRequest.capacities ~= capacity else {
            return core.finish(
                error: DeviceError(
                    .invalidRequest,
                    "A request takes 0…\(ClientRequest.capacities.upperBound) bytes back, not"
                        + " \(capacity)."), information: 0)
        }
        // a zero-length transfer succeeds without troubling the driver, unless it asked.
        let isEmpty =
            kind == .read && capacity == 0 || kind == .write && core.state.value.input.isEmpty
        if isEmpty, !queue.allowsZeroLength { return core.finish(error: nil, information: 0) }
        queue.accept(core, atHead: false)
    }

    /// A file was closed.
    func fileClosed(_ file: FileObject) {
        state.value.files.removeAll { $0 === file }
        endIfFilesClosed()
        endControlIfClosed()
    }

    /// F-5: whether programs can open it now.
    var isOpenToClients: Bool {
        guard !state.value.isGone else { return false }
        if let control = state.value.stack.control { return control.isAccepting }
        return switch state.value.pnp.state {
        // Also while it is stopped for a while (PNP-9).
        case .started, .asking, .ensuringAwake, .removePending, .stopPending, .stopped,
            .goingDown(.stop), .releasingHardware(.stop), .closingHardware(.stop):
            true
        case .acquiringHardware, .preparingHardware, .startingPolicy:
            state.value.lifecycle.areInterfacesEnabled
        default: false
        }
    }

    func endIfFilesClosed() {
        if state.value.files.isEmpty, state.value.pnp.state == .waitingForFiles {
            post(.filesClosed)
        }
    }

    /// Runs `body` on the loop: now when called there, and not at all after the loop's end.
    func onLoop(_ body: @escaping @Sendable () -> Void) {
        _ = loop.onLoop(body)
    }

    /// Tells the log of something that a driver's author should know.
    func report(_ message: String) {
        environment.logError("\(name): \(message)")
    }
}
