/// The way of a client's request into the device.
extension Device {
    /// Takes a client's request in: to the queue for its kind, or completed at once.
    func submit(
        _ request: ClientRequest, from file: File, _ reply: Resumption<ClientReply>,
        ticket: RequestTicket
    ) {
        let queue = state.value.routes.queue(for: request.kind)
        guard let core = takeCore(for: request.kind, to: queue) else {
            let error = DeviceError(
                .outOfMemory, "\(name) takes \(requestLimit) requests at once (Q-19).")
            reply.resume(returning: ClientReply(error: error))
            return file.requestEnded(ticket)
        }
        core.begin(request, from: file, reply, ticket: ticket)
        route(core)
    }

    /// Takes a request in at the device's upper end: to the queue for its kind, or completed at
    /// once.
    func route(_ core: RequestCore) {
        let kind = core.state.value.kind
        let capacity = core.state.value.outputCapacity
        guard let queue = state.value.routes.queue(for: kind) else {
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
    func fileClosed(_ file: File) {
        state.value.files.removeAll { $0 === file }
        endIfFilesClosed()
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

/// A device as an enabled interface sees it.
extension Device: InterfacePort {
    /// F-1: an open; F-5: refused once the device is going.
    public func open() async throws(DeviceError) -> any FilePort {
        let file = await loop.perform { [self] () -> File? in
            guard !state.value.isGone,
                [.started, .queryingRemove, .removePending].contains(state.value.pnp.state)
            else {
                loop.reach(.openedWhenGoing)
                return nil
            }
            let file = File(of: self)
            state.value.files.append(file)
            return file
        }
        guard let file = file ?? nil else { throw DeviceError.removed }
        return file
    }
}
