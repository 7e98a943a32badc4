/// One awaited transfer of a pipe: pooled, with its deadline and the request on whose behalf it
/// runs.
///
/// Whatever ends it early — the request's cancellation, the deadline, the device's removal —
/// cancels the transfer; the wait ends only with the transfer's own completion (libusb §2.6), so
/// the memory is never touched after the call has returned.
final class PipeOperation: RequestOperation {
    /// Why it was asked to end early.
    enum Interruption: Sendable { case cancelled, timedOut, removed }

    /// How the transfer ended.
    struct Outcome: Sendable {
        var status = TransferStatus.completed
        var length = 0
        var interruption: Interruption?
        var submitError: BusError?
    }

    private struct State {
        var outcome = Outcome()
        var resumption: Resumption<Void>?
        var deadline: Deadline?
    }

    let transfer: BusTransfer
    private let state: LoopConfined<State>

    init(_ transfer: BusTransfer) {
        self.transfer = transfer
        state = LoopConfined(on: transfer.loop, State())
        // The pipe holds the operation for as long as the transfer can complete.
        transfer.handler = { [unowned self] completion in
            finished(completion.status, completion.length)
        }
    }

    /// Submits the transfer and returns when it has completed. Allocates nothing when warm.
    func run(
        length: Int, zeroPacket: Bool, for core: RequestCore?, deadline: Duration?
    ) async -> Outcome {
        await Resumption.wait { resumption in
            if begin(length: length, zeroPacket: zeroPacket, for: core) {
                state.value.resumption = resumption
                if let deadline { arm(after: deadline) }
            } else {
                resumption.resume()
            }
        }
        if !transfer.loop.isPlanted(.deadlineLeftArmed) { state.value.deadline?.disarm() }
        core?.detach(self)
        return state.value.outcome
    }

    /// Submits the transfer, unless it is not wanted any more: on the way into the wait the
    /// caller's scope may have been left for a moment.
    private func begin(length: Int, zeroPacket: Bool, for core: RequestCore?) -> Bool {
        if let reason = core?.state.value.cancellation {
            interrupt(reason == .removal ? .removed : .cancelled)
        }
        if state.value.outcome.interruption != nil {
            transfer.loop.reach(.cancelBeforeSubmit)
            state.value.outcome.status = .cancelled
            return false
        }
        do { try transfer.submit(length: length, zeroPacket: zeroPacket) } catch {
            state.value.outcome.submitError = error
            return false
        }
        core?.attach(self)
        return true
    }

    /// Forgets how it ended before; from here on it can be interrupted.
    func prepare() { state.value.outcome = Outcome() }

    func requestCancelled(_ reason: RequestCore.Cancellation) {
        interrupt(reason == .removal ? .removed : .cancelled)
    }

    /// Asks for an early end; the first reason given stands.
    func interrupt(_ reason: Interruption) {
        if state.value.outcome.interruption == nil { state.value.outcome.interruption = reason }
        if transfer.loop.isPlanted(.earlyResume) { finished(.cancelled, 0) }
        transfer.cancel()
    }

    private func finished(_ status: TransferStatus, _ length: Int) {
        state.value.outcome.status = status
        state.value.outcome.length = length
        if status == .completed { reachRace() }
        state.value.resumption.take()?.resume()
    }

    private func reachRace() {
        switch state.value.outcome.interruption {
        case .cancelled: transfer.loop.reach(.completionBeatsCancel)
        case .timedOut: transfer.loop.reach(.completionBeatsDeadline)
        case .removed, nil: break
        }
    }

    private func arm(after duration: Duration) {
        let deadline: Deadline
        if let present = state.value.deadline {
            deadline = present
        } else {
            deadline = Deadline(on: transfer.loop) { [unowned self] in
                if state.value.resumption == nil { transfer.loop.reach(.deadlineAfterCompletion) }
                interrupt(.timedOut)
            }
            state.value.deadline = deadline
        }
        deadline.arm(after: duration)
    }
}
