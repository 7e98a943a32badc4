/// The way of a client's request into the device.
extension Device {
    /// Takes a client's request in: to the queue for its kind, or completed at once.
    func submit(
        _ request: ClientRequest, from file: File, _ reply: Resumption<ClientReply>,
        ticket: RequestTicket
    ) {
        let core = state.value.pool.popLast() ?? RequestCore(of: self)
        core.begin(request, from: file, reply, ticket: ticket)
        if environment.verifier.fails(.request) {
            return core.finish(error: DeviceError(.outOfMemory), information: 0)
        }
        let kind = RequestRoutes(request.kind)
        let route = state.value.routes.first { $0.0.contains(kind) }
        guard let queue = route?.1 ?? state.value.defaultQueue else {
            return core.finish(error: .invalidRequest, information: 0)
        }
        guard ClientRequest.capacities ~= request.outputCapacity else {
            return core.finish(
                error: DeviceError(
                    .invalidRequest,
                    "A request takes 0…\(ClientRequest.capacities.upperBound) bytes back, not"
                        + " \(request.outputCapacity)."), information: 0)
        }
        // a zero-length transfer succeeds without troubling the driver.
        if request.kind == .read && request.outputCapacity == 0
            || request.kind == .write && request.input.isEmpty
        {
            return core.finish(error: nil, information: 0)
        }
        queue.accept(core, atHead: false)
    }

    func nextRequestNumber() -> UInt64 {
        state.value.lastRequest += 1
        return state.value.lastRequest
    }

    /// Takes a completed request's core back.
    func reuse(_ core: RequestCore) {
        if state.value.pool.count < 64 { state.value.pool.append(core) }
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
            guard !environment.verifier.fails(.fileOpen) else { return nil }
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
