/// What a driver may do to its queues (Q-7).
///
/// Two bits decide: whether the queue accepts, and whether it dispatches. Power is a third matter:
/// a power-managed queue out of D0 hands out nothing whatever its bits say, so that ``drain()`` of
/// one may have to wait for D0, and a queue that was stopped stays stopped when D0 comes.
///
/// | | accepts | dispatches | then waits until |
/// |---|---|---|---|
/// | ``start()`` | yes | yes | |
/// | ``stop()`` | yes | no | the driver owns nothing |
/// | ``drain()`` | no | yes | nothing waits and the driver owns nothing |
/// | ``purge()`` | no | yes | the same; all of it is cancelled |
/// | ``stopAndPurge()`` | yes | no | the driver owns nothing of what was there; it is cancelled |
extension RequestQueue {
    /// Accepts and dispatches. Without effect on a queue that is shut down: the device goes, or the
    /// queue was deleted (Q-8).
    public func start() {
        guard !state.value.isShutDown else { return }
        contract(
            state.value.settling.change == nil,
            "Q-7: \(name) is started while \(state.value.settling.change ?? "") of it still waits:"
                + " await that first")
        state.value.isAccepting = true
        let wasDispatching = state.value.isDispatching
        state.value.isDispatching = true
        if !wasDispatching { becomeReady() }
        deliver()
    }

    /// Stops handing out requests, and returns when the driver owns none of this queue. New
    /// requests wait in it.
    ///
    /// Illegal from one of the queue's own handlers, which would wait for itself (trapped), and
    /// while another of these calls waits. Cancellation: none.
    public func stop() async {
        await change("stop()", accepts: true, dispatches: false, until: .noneOwned) {}
    }

    /// Refuses new requests with `.invalidDeviceState` (Q-8), hands out what waits, and returns
    /// when all of it has left the driver. A manual queue's driver draws it empty.
    ///
    /// Illegal from one of the queue's own handlers, and while another of these calls waits.
    public func drain() async {
        await change("drain()", accepts: false, dispatches: true, until: .empty) {}
    }

    /// Refuses new requests with `.invalidDeviceState` (Q-8), cancels what waits and what the
    /// driver owns, and returns when all of it has left the driver.
    ///
    /// Illegal from one of the queue's own handlers, and while another of these calls waits.
    public func purge() async {
        await change("purge()", accepts: false, dispatches: true, until: .empty) { [self] in
            cancelAll(.given)
        }
    }

    /// As ``purge()``, but new requests are accepted and wait for ``start()``.
    public func stopAndPurge() async {
        await change(
            "stopAndPurge()", accepts: true, dispatches: false, until: .noneOwned
        ) { [self] in
            cancelAll(.given)
        }
    }

    /// Takes the queue from its device (Q-25): cancels what waits, and returns when the driver owns
    /// nothing of it. Forwarding to it afterwards traps.
    ///
    /// A queue to which kinds of requests lead cannot be deleted (Q-2). Illegal from one of the
    /// queue's own handlers.
    public func delete() async {
        contract(
            !state.value.isBound,
            "Q-2: \(name) takes requests from clients, and cannot be deleted: only a queue that is"
                + " forwarded to can")
        await change("delete()", accepts: false, dispatches: false, until: .noneOwned) { [self] in
            state.value.isShutDown = true
            state.value.isDeleted = true
            endAllWaiting(.given)
        }
        end()
        device.state.value.queues.removeAll { $0 === self }
    }

    private func change(
        _ call: String, accepts: Bool, dispatches: Bool, until condition: QueueSettling.Condition,
        _ body: () -> Void
    ) async {
        contract(
            !isInHandler,
            "Q-7: \(call) of \(name) was called by one of its own handlers, which would wait for"
                + " itself: call it in device.task { }")
        contract(
            state.value.settling.change == nil,
            "Q-7: \(call) of \(name) while \(state.value.settling.change ?? "") of it still waits:"
                + " one at a time")
        await settle(until: condition) {
            state.value.isAccepting = accepts && !state.value.isShutDown
            state.value.isDispatching = dispatches
            state.value.settling.change = call
            body()
            deliver()
        }
        state.value.settling.change = nil
    }

    /// Cancels what waits, and what the driver owns.
    func cancelAll(_ reason: RequestCore.Cancellation) {
        endAllWaiting(reason)
        if !state.value.owned.isEmpty { device.loop.reach(.purgedWithOwned) }
        cancelOwned(reason)
    }

    func endAllWaiting(_ reason: RequestCore.Cancellation) {
        while let core = state.value.waiting.popFirst() {
            if device.loop.isPlanted(.purgeForgets) { continue }
            core.state.value.cancellation = reason
            let isTwice = device.loop.isPlanted(.purgeCompletesTwice)
            endCancelled(core)
            if isTwice { core.finish(error: .removed, information: 0) }
        }
        requestsChanged()
    }

    func cancelOwned(_ reason: RequestCore.Cancellation) {
        // A snapshot, because a cancel handler may lead to requests leaving.
        for core in state.value.owned.all { core.cancel(reason) }
    }
}
