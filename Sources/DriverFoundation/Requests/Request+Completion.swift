/// How a request ends, or leaves its driver.
extension Request {
    /// Completes it with success. For a read or write `information` is the number of bytes moved
    /// and must not exceed what was asked for (trapped, R-2); for a device control any number that
    /// is not negative.
    public consuming func complete(_ information: Int = 0) {
        let core = surrender()
        // Here and below: on the loop no closure is made, which would cost an allocation.
        if core.device.loop.isOnLoop { return core.complete(information) }
        core.device.onLoop { core.complete(information) }
    }

    /// Completes it with success and gives `bytes` back, at most ``outputCapacity`` (trapped, R-2).
    public consuming func complete(with bytes: RawSpan) {
        let core = surrender()
        let output = bytes.copy()
        if core.device.loop.isOnLoop { return core.complete(with: output) }
        core.device.onLoop { core.complete(with: output) }
    }

    /// Completes it with success and gives `bytes` back, at most ``outputCapacity`` (trapped, R-2).
    public consuming func complete(with bytes: [UInt8]) {
        let core = surrender()
        if core.device.loop.isOnLoop { return core.complete(with: bytes) }
        core.device.onLoop { core.complete(with: bytes) }
    }

    /// Completes it with success and gives back as many of `bytes` as the client takes.
    public consuming func complete(withPrefixOf bytes: RawSpan) {
        complete(withPrefixOf: bytes.copy())
    }

    /// Completes it with success and gives back as many of `bytes` as the client takes.
    public consuming func complete(withPrefixOf bytes: [UInt8]) {
        let core = surrender()
        core.device.onLoop {
            core.complete(with: Array(bytes.prefix(core.state.value.outputCapacity)))
        }
    }

    /// Completes it with an error.
    ///
    /// `.cancelled` for a request that is cancelled because the device goes reaches its client as
    /// `.removed`.
    public consuming func fail(_ error: DeviceError) {
        let core = surrender()
        if core.device.loop.isOnLoop {
            return core.finish(error: error, information: error.transferred)
        }
        core.device.onLoop { core.finish(error: error, information: error.transferred) }
    }

    /// Moves it to the end of another queue of the same device, or to the queue in which the
    /// parent takes its children's requests; there it belongs to the framework, which
    /// cancels and purges it. A queue that does not accept completes it with `.invalidDeviceState`,
    /// or with `.removed` when the device goes.
    public consuming func forward(to queue: RequestQueue) {
        let core = surrender()
        core.forward(to: queue)
    }

    /// Moves it to the end of another queue of the same device, as ``forward(to:)``, unless that
    /// does not accept.
    /// - Returns: the request itself, still the driver's, when it was not accepted.
    public consuming func offer(to queue: RequestQueue) -> Request? {
        if !queue.status.isAccepting { return self }
        forward(to: queue)
        return nil
    }

    /// Puts it back to the head of the queue from which it came.
    ///
    /// That is a manual queue, or any other that hands out nothing now: because the device leaves
    /// D0 or the driver has stopped the queue. It is then delivered again, first of all,
    /// without the resume handler.
    public consuming func requeue() {
        let core = surrender()
        core.requeue()
    }
}

extension RequestCore {
    fileprivate func complete(_ information: Int) {
        let limit: Int
        switch state.value.kind {
        case .read: limit = state.value.output.count
        case .write: limit = state.value.input.count
        case .deviceControl, .internalDeviceControl: limit = .max
        }
        contract(
            0...limit ~= information,
            "R-2: \(state.value.kind) completed with \(information) bytes of \(limit): "
                + "complete with what was moved")
        finish(error: nil, information: information)
    }

    fileprivate func complete(with output: [UInt8]) {
        contract(
            output.count <= state.value.outputCapacity,
            "R-2: \(output.count) bytes given back where the client takes "
                + "\(state.value.outputCapacity): check outputCapacity")
        state.value.output = output
        finish(error: nil, information: output.count)
    }

    func abandon() {
        device.loop.reach(.requestAbandoned)
        device.report(
            "R-2: the driver dropped request \(state.value.number) (\(state.value.kind)) without"
                + " completing it")
        finish(error: DeviceError(.abandoned), information: 0)
    }

    fileprivate func forward(to queue: RequestQueue) {
        contract(
            queue.device === device || queue === device.parentQueue,
            "Q-11: forwarded to a queue of another device")
        contract(
            queue !== state.value.queue,
            "Q-11: forwarded to the queue it came from: requeue() puts it back")
        contract(!queue.isDeleted, "Q-25: forwarded to \(queue.name), which was deleted")
        move(to: queue, atHead: false)
    }

    fileprivate func requeue() {
        guard let queue = state.value.queue else {
            broken(
                "Q-12: a request that the driver made came from no queue: forward it",
                file: #fileID, line: #line)
        }
        contract(
            queue.dispatch == .manual || !queue.isHandingOut,
            "Q-12: \(queue.name) hands out requests, and would hand out this one again at once:"
                + " requeue only from a manual queue, or while the queue is being stopped (R-16)")
        move(to: queue, atHead: true)
    }

    private func move(to queue: RequestQueue, atHead: Bool) {
        // Between the two queues the device must not look idle.
        let reference = state.value.queue?.powerReference
        reference?.take()
        leaveDriver()
        queue.acceptAgain(self, atHead: atHead)
        reference?.drop()
    }

    /// Gives up ownership without completing.
    func leaveDriver() {
        contract(
            state.value.operation == nil, "a request was forwarded while a transfer waits for it")
        state.value.cancelHandler = nil
        state.value.stop = .none
        let queue = state.value.queue.take()
        state.value.phase = .queued
        if device.loop.isPlanted(.forwardStaysOwned) { return }
        queue?.requestLeftDriver(self)
    }
}
