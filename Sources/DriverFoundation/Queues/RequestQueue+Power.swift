/// Why the driver is to let go of what it owns.
public enum StopReason: Sendable, Hashable, CaseIterable {
    /// The device leaves D0 and will be back.
    case suspend
    /// The device goes; the request has been cancelled as well.
    case removal
}

/// What a driver's stop handler says about a request that it owns.
public enum StopAnswer: Sendable, Hashable, CaseIterable {
    /// The driver will end, forward or requeue it, or call ``Request/acknowledgeStop()``: the
    /// device waits for that.
    case leave
    /// The driver keeps it while the device is out of D0; the `resume` handler is told of it when
    /// the device is back.
    case acknowledge
    /// What is awaited on behalf of the request ends with `.cancelled`, though its client wants it
    /// still; the driver then ends or requeues it, and the device waits for that.
    case interrupt
}

/// What a queue's driver wants to be told, bound to the driver.
struct QueueHooks {
    var stop: (@Sendable (StopReason) -> Void)?
    var resume: (@Sendable () -> Void)?
    var cancelled: (@Sendable (RequestCore) -> Void)?
    var ready: ReadyTurn?
}

/// The queue's side of the machines: what the engine calls.
///
/// Leaving D0: ``hold(for:)`` on every power-managed queue, then ``settle()`` on each, then
/// `exitD0`. Entering it: ``powerUp()`` on every one after `enterD0`. Going for good:
/// ``shutDown()`` on each, ``settle()``, ``end()``. All but `settle()` return at once; the driver's
/// handlers run in turns of their own.
extension RequestQueue {
    /// The device is in D0 (PNP-1: queues on).
    ///
    /// What the driver kept comes first, then what waits, in its old order.
    func powerUp() {
        state.value.isPowered = true
        var mustTell = false
        for core in state.value.owned.all {
            if core.state.value.stop.isAcknowledged {
                core.state.value.stop = .resuming
                mustTell = true
            } else {
                core.state.value.stop = .none
            }
        }
        if mustTell, let resume = state.value.hooks.resume {
            state.value.isResuming = true
            return resume()
        }
        resumed()
    }

    /// The driver has been told of all that it kept.
    func resumed() {
        state.value.isResuming = false
        becomeReady()
        deliver()
    }

    /// Stops handing out (PNP-2), and tells the driver of what it owns.
    ///
    /// For a removal that is cancelled; for a suspend it is not: without a stop handler the device
    /// waits until the driver has ended it.
    func hold(for reason: StopReason = .removal) {
        state.value.isPowered = false
        if !state.value.owned.isEmpty { device.loop.reach(.heldWithOwned) }
        if reason == .removal { cancelOwned(.removal) }
        tellStop(reason)
    }

    /// Takes nothing in any more, for ever, and cancels everything.
    func shutDown() {
        state.value.isAccepting = false
        state.value.isShutDown = true
        cancelAll(.removal)
        tellStop(.removal)
    }

    /// Waits until the driver has let go of what it owns; when it is not the end, also what it has
    /// acknowledged may stay.
    func settle() async { await settle(until: .power) }

    // MARK: What the driver says

    private func tellStop(_ reason: StopReason) {
        guard let stop = state.value.hooks.stop, !state.value.owned.isEmpty else { return }
        state.value.settling.telling += 1
        stop(reason)
    }

    /// Whether the driver is to be told of the stop of `core`: it has it, and was not told before.
    func mustTellStop(_ core: RequestCore, _ reason: StopReason) -> Bool {
        let request = core.state.value
        guard request.phase == .owned, request.queue === self, request.isSeen else { return false }
        switch request.stop {
        case .none, .resuming: return true
        case .told(let earlier), .acknowledged(let earlier):
            return reason == .removal && earlier == .suspend
        }
    }

    func stopAnswered(
        _ reference: RequestReference, _ reason: StopReason, _ answer: StopAnswer
    ) {
        guard let core = reference.live, core.state.value.phase == .owned,
            core.state.value.queue === self
        else { return }
        switch answer {
        case .leave: break
        case .acknowledge:
            if !state.value.isPowered { core.state.value.stop = .acknowledged(reason) }
        case .interrupt: core.interrupt(.given)
        }
    }

    func stopTold() {
        state.value.settling.telling -= 1
        resumeSettled()
    }

    func acknowledgeStop(of core: RequestCore) {
        contract(
            !state.value.isPowered,
            "R-16: request \(core.state.value.number) of \(name) is acknowledged although its"
                + " queue is not being stopped: answer a stop handler")
        if case .told(let reason) = core.state.value.stop {
            core.state.value.stop = .acknowledged(reason)
        } else {
            core.state.value.stop = .acknowledged(.suspend)
        }
        resumeSettled()
    }
}

extension DriverActor {
    /// Tells the driver of each request of `queue` that it owns.
    func tellStop(
        of queue: RequestQueue, _ reason: StopReason, _ handler: StopHandler<Self>
    ) async {
        for core in queue.state.value.owned.all where queue.mustTellStop(core, reason) {
            core.state.value.stop = .told(reason)
            let reference = RequestReference(core)
            let answer = await handler(self, reference, reason)
            queue.stopAnswered(reference, reason, answer)
        }
        queue.stopTold()
    }

    /// Tells the driver that its device is back, of each request that it kept.
    func tellResume(of queue: RequestQueue, _ handler: ResumeHandler<Self>) async {
        for core in queue.state.value.owned.all where core.state.value.stop == .resuming {
            core.state.value.stop = .none
            await handler(self, RequestReference(core))
        }
        queue.resumed()
    }
}
