/// Whether a manual queue's driver is to be told that requests wait.
struct QueueReadiness {
    // One turn is on its way: what comes meanwhile belongs to it.
    var isTold = false
}

/// What a driver does with a manual queue.
extension RequestQueue {
    /// Takes the oldest waiting request; `nil` when none waits, the device is not in D0 or
    /// the queue is stopped: ``status`` tells which.
    public func next() -> Request? { take { _ in true } }

    /// Takes the oldest waiting request for which `isWanted` says so.
    public func next(where isWanted: (RequestReference) -> Bool) -> Request? {
        take { isWanted(RequestReference($0)) }
    }

    /// Takes the oldest waiting request of a client's open file.
    public func next(of file: FileObject) -> Request? { take { $0.state.value.file === file } }

    /// Finds the oldest waiting request for which `isWanted` says so, and leaves it in the queue
    /// there it may be cancelled or delivered before ``take(_:)``.
    public func find(where isWanted: (RequestReference) -> Bool) -> RequestReference? {
        contract(dispatch == .manual, "Q-10: only a manual queue is searched")
        // A copy, because the driver may look at the queue as it decides.
        let waiting = state.value.waiting
        return waiting.first { isWanted(RequestReference($0)) }.map(RequestReference.init)
    }

    /// Takes a request that was found; `nil` when it has left the queue since, or nothing is handed
    /// out now.
    public func take(_ found: RequestReference) -> Request? {
        contract(dispatch == .manual, "Q-10: only a manual queue is drawn from")
        guard isHandingOut, let core = found.live, core.state.value.phase == .queued,
            core.state.value.queue === self
        else { return nil }
        return takeOut(core)
    }

    private func take(_ isWanted: (RequestCore) -> Bool) -> Request? {
        contract(dispatch == .manual, "Q-10: only a manual queue is drawn from")
        let waiting = state.value.waiting
        guard isHandingOut, let core = waiting.first(where: isWanted) else { return nil }
        return takeOut(core)
    }

    private func takeOut(_ core: RequestCore) -> Request {
        state.value.waiting.remove(core)
        own(core)
        core.state.value.isSeen = true
        return Request(core)
    }

    // MARK: Being told

    /// Calls `handler` when requests wait that the driver can draw: when the empty queue
    /// gets one, when it is started or the device comes to D0 with some in it, and now if there are
    /// some. Not once for each request: the handler draws until there are none.
    ///
    /// One handler, of a manual queue; it may be removed while the queue is stopped. Threading: the
    /// device's scope, in a turn of its own. Nothing is allocated for a call.
    public func whenReady<Driver: DriverActor>(
        for driver: isolated Driver,
        _ handler: @escaping @Sendable (isolated Driver, RequestQueue) -> Void
    ) {
        contract(dispatch == .manual, "Q-13: only a manual queue tells when it is ready")
        contract(
            state.value.hooks.ready == nil,
            "Q-13: \(name) has a ready handler: remove it first, while the queue is stopped")
        // Bound once: called as a plain function in the driver's scope. The isolated parameter is
        // passed the same way; only the type system's view of it goes.
        let bound = unsafe unsafeBitCast(
            handler, to: (@Sendable (Driver, RequestQueue) -> Void).self)
        state.value.hooks.ready = ReadyTurn(self) { [unowned driver, unowned self] in
            bound(driver, self)
        }
        becomeReady()
    }

    /// Calls the ready handler no more.
    ///
    /// Only while the queue is stopped or its device out of D0 (trapped): else a call may be on its
    /// way.
    public func removeReadyHandler() {
        contract(
            !isHandingOut,
            "Q-13: the ready handler of \(name) is removed while the queue hands out: stop() first")
        state.value.hooks.ready = nil
    }

    /// Tells the driver, unless there is nothing to draw.
    func becomeReady() {
        guard !state.value.ready.isTold, isHandingOut, !state.value.waiting.isEmpty,
            let ready = state.value.hooks.ready
        else { return }
        state.value.ready.isTold = true
        device.loop.post(ready)
    }
}

/// A call of a ready handler: posted again and again without an allocation.
final class ReadyTurn: Work {
    private unowned let queue: RequestQueue
    private let handler: @Sendable () -> Void

    init(_ queue: RequestQueue, _ handler: @escaping @Sendable () -> Void) {
        self.queue = queue
        self.handler = handler
    }

    override var lane: UInt64 { queue.device.scope.ordinal }

    override func run() {
        queue.state.value.ready.isTold = false
        // Stopped or drawn empty meanwhile: it is told when that changes.
        guard queue.isHandingOut, !queue.state.value.waiting.isEmpty,
            queue.state.value.hooks.ready != nil
        else { return }
        queue.device.scope.perform(handler)
    }
}
