/// What to do after a reader's transfers have failed (U-18).
public enum ReaderRecovery: Sendable, Hashable {
    /// Clear the pipe's halt and read on.
    case restart
    /// Stay stopped until the next ``ContinuousReader/start()``.
    case stop
}

/// Reads an IN pipe without pause: some transfers are always in flight, and each completion calls
/// the driver's handler (U-18).
///
/// - Deliveries come in the order in which the device sent, one at a time.
/// - The next transfer is submitted before the handler is called; the bytes are the transfer's own
///   memory, lent until the handler returns.
/// - A zero-length packet is delivered as no bytes; a short packet is one delivery.
/// - After a failure everything in flight is ended, the `failed` handler decides, the halt is
///   cleared, and reading goes on after a growing pause; five failures in a row without a delivery
///   end it.
/// - A device that is gone ends it quietly.
///
/// Threading: its device's scope; so are the handlers. Start it in `enterD0(from:)`, stop it in
/// `exitD0(to:)`. Nothing is allocated per transfer.
public final class ContinuousReader: Sendable {
    /// Failures in a row after which it stays stopped: a device that fails at once must not spin.
    public static let failureLimit = 5

    private enum Phase: Hashable, Sendable { case stopped, running, stopping, recovering }

    private struct State {
        var phase = Phase.stopped
        var transfers: [BusTransfer] = []
        var spare: BusTransfer?
        var inFlight = 0
        /// A recovery's request to the device, which cannot be taken back.
        var isClearing = false
        var failures = 0
        // Counts stops, so that a recovery that slept through one gives up.
        var epoch = 0
        var lastError: TransferStatus?
        var stopped: [Resumption<Void>] = []
        var delivered: UInt64 = 0
    }

    /// The pipe it reads.
    public let pipe: USBPipe
    private let size: Int
    private let deliver: @Sendable (RawSpan) -> Void
    private let failed: @Sendable (DeviceError) -> ReaderRecovery
    private let state: LoopConfined<State>
    private var device: Device { pipe.core.device }

    init(
        _ pipe: USBPipe, depth: Int, size: Int,
        deliver: @escaping @Sendable (RawSpan) -> Void,
        failed: @escaping @Sendable (DeviceError) -> ReaderRecovery
    ) throws(DeviceError) {
        self.pipe = pipe
        self.size = size
        self.deliver = deliver
        self.failed = failed
        state = LoopConfined(on: pipe.core.device.loop, State())
        // One more than are in flight: the one whose bytes are lent.
        for _ in 0...depth {
            let transfer = try pipe.core.makeTransfer(capacity: size)
            transfer.handler = { [unowned self, unowned transfer] completion in
                completed(transfer, completion.status, completion.bytes)
            }
            state.value.transfers.append(transfer)
        }
    }

    /// Whether transfers are in flight or will be again without a call.
    public var isRunning: Bool { state.value.phase == .running || state.value.phase == .recovering }

    /// Deliveries so far.
    public var deliveries: UInt64 { state.value.delivered }

    /// Whether nothing is in flight, nor will be without a call.
    var isIdle: Bool { state.value.phase == .stopped && state.value.inFlight == 0 }

    private var isQuiet: Bool { state.value.inFlight == 0 && !state.value.isClearing }

    /// Whether transfers are in flight.
    var isInFlight: Bool { state.value.inFlight > 0 }

    /// Begins to read; does nothing when running.
    public func start() {
        guard state.value.phase == .stopped, pipe.core.isOpen, !state.value.transfers.isEmpty
        else { return }
        state.value.phase = .running
        state.value.failures = 0
        guard pipe.core.isClearing else { return submitAll() }
        let epoch = state.value.epoch
        device.scope.task { [self] in
            await pipe.core.passGate()
            guard state.value.phase == .running, state.value.epoch == epoch, pipe.core.isOpen
            else { return }
            submitAll()
        }
    }

    /// Ends what is in flight; when it returns, no handler runs any more (wdf.md §4.2).
    ///
    /// What had arrived before is still delivered. A halt that a recovery clears is waited for.
    public func stop() async {
        switch state.value.phase {
        case .stopped: return
        case .running, .recovering, .stopping: reachStop()
        }
        if !device.loop.isPlanted(.missingStoppingFlag) { state.value.phase = .stopping }
        state.value.epoch += 1
        cancelAll()
        await Resumption.wait { stopped in
            if isQuiet { return stopped.resume() }
            state.value.stopped.append(stopped)
        }
        if state.value.phase == .stopping { state.value.phase = .stopped }
    }

    private func reachStop() {
        if state.value.phase == .recovering { device.loop.reach(.readerStoppedRecovering) }
        if isInFlight { device.loop.reach(.readerStoppedInFlight) }
    }

    /// The device is gone: whatever is in flight is to end.
    func interrupt() { cancelAll() }

    /// The pipe goes: stops, and lets the transfers go.
    func close(isExpected: Bool) async {
        if isRunning, !isExpected, !device.isGone {
            device.loop.reach(.readerForgotten)
            device.report("reader of \(pipe.endpoint.address) was not stopped in exitD0 (§4.2)")
        }
        await stop()
        state.value.transfers = []
        state.value.spare = nil
    }

    private func submitAll() {
        state.value.spare = state.value.transfers.last
        for transfer in state.value.transfers.dropLast() {
            guard state.value.phase == .running else { return }
            submit(transfer)
        }
    }

    private func submit(_ transfer: BusTransfer) {
        do {
            try transfer.submit(length: size)
            state.value.inFlight += 1
        } catch {
            fail(error.code == .deviceGone ? .deviceGone : .failed)
        }
    }

    private func cancelAll() {
        for transfer in state.value.transfers { transfer.cancel() }
    }

    private func completed(
        _ transfer: BusTransfer, _ status: TransferStatus, _ bytes: borrowing RawSpan
    ) {
        state.value.inFlight -= 1
        device.record(.readerCompleted, pipe.endpoint.address, status, bytes.byteCount)
        if status == .completed {
            state.value.failures = 0
            if state.value.phase == .running, let spare = state.value.spare.take() { submit(spare) }
            if device.loop.isPlanted(.doubledResubmit) { submit(transfer) }
            state.value.delivered += 1
            let lent = copy bytes
            device.scope.perform { deliver(lent) }
        } else if status != .cancelled {
            fail(status)
        }
        state.value.spare = transfer
        if state.value.inFlight == 0 { settled() }
    }

    private func fail(_ status: TransferStatus) {
        guard state.value.phase == .running else { return }
        state.value.phase = .recovering
        state.value.lastError = status
        cancelAll()
        if state.value.inFlight == 0 { settled() }
    }

    /// Nothing is in flight any more: a stop ends, a recovery begins.
    private func settled() {
        if state.value.phase == .recovering, let status = state.value.lastError.take() {
            device.scope.task { [self] in await recover(from: status) }
        }
        // A device that vanished ends everything as cancelled.
        if state.value.phase == .running, device.isGone { state.value.phase = .stopped }
        resumeIfQuiet()
    }

    private func resumeIfQuiet() {
        guard isQuiet else { return }
        let waiters = state.value.stopped
        state.value.stopped = []
        for waiter in waiters { waiter.resume() }
    }

    private func recover(from status: TransferStatus) async {
        let epoch = state.value.epoch
        var outcome = PipeOperation.Outcome()
        outcome.status = status
        let error = await pipe.core.error(for: outcome, partial: [])
        guard isStillRecovering(since: epoch) else { return }
        state.value.failures += 1
        guard !device.isGone, error.code != .removed else { return state.value.phase = .stopped }
        let hasBudget = state.value.failures < Self.failureLimit
        let decision = failed(error)
        guard decision == .restart, hasBudget else {
            if !hasBudget {
                device.loop.reach(.readerGaveUp)
                device.report("reader of \(pipe.endpoint.address) gave up: \(error)")
            }
            return state.value.phase = .stopped
        }
        let pause = Duration.milliseconds(1 << min(state.value.failures * 2, 12))
        await device.clock.wait(for: pause)
        guard isStillRecovering(since: epoch) else { return }
        if status == .stalled {
            state.value.isClearing = true
            try? await pipe.core.clearHalt()
            state.value.isClearing = false
            resumeIfQuiet()
        }
        guard isStillRecovering(since: epoch) else { return }
        guard pipe.core.isOpen else { return state.value.phase = .stopped }
        state.value.phase = .running
        submitAll()
    }

    /// Whether nobody has stopped the reader while its recovery waited.
    private func isStillRecovering(since epoch: Int) -> Bool {
        if state.value.phase == .recovering, state.value.epoch == epoch { return true }
        device.loop.reach(.recoveryOutlived)
        return device.loop.isPlanted(.recoveryIgnoresStop)
    }
}

extension USBPipe {
    /// Makes a reader of this pipe, stopped.
    ///
    /// `depth` transfers of `size` bytes are kept in flight (defaults: 2 of one packet for
    /// interrupt, 4 of 16 KiB for bulk; at most 64). `handler` gets each delivery, `failed` each
    /// failure; without it failures restart.
    /// Errors: `.invalidRequest` for an OUT pipe or a size that is no multiple of the packet size
    /// (wdf.md §4.1), `.outOfMemory`, `.removed`.
    public func continuousReader<Driver: DriverActor>(
        for driver: isolated Driver, depth: Int? = nil, size: Int? = nil,
        failed: (@Sendable (isolated Driver, DeviceError) -> ReaderRecovery)? = nil,
        _ handler: @escaping @Sendable (isolated Driver, RawSpan) -> Void
    ) throws(DeviceError) -> ContinuousReader {
        let isInterrupt = endpoint.transferType == .interrupt
        let size = size ?? (isInterrupt ? endpoint.maxPacketSize : 16384)
        guard endpoint.address.direction == .in else {
            throw DeviceError(.invalidRequest, "Only an IN pipe has a reader (wdf.md §4.1).")
        }
        guard size > 0, size % max(endpoint.maxPacketSize, 1) == 0 else {
            throw DeviceError(
                .invalidRequest,
                "A reader's size must be a multiple of \(endpoint.maxPacketSize), the packet size.")
        }
        // Bound once: called as a plain function from the completion, which runs in the scope. The
        // isolated parameter is passed the same way; only the type system's view of it goes.
        let bound = unsafe unsafeBitCast(handler, to: (@Sendable (Driver, RawSpan) -> Void).self)
        let boundFailed = failed.map {
            unsafe unsafeBitCast($0, to: (@Sendable (Driver, DeviceError) -> ReaderRecovery).self)
        }
        let reader = try ContinuousReader(
            self, depth: min(max(depth ?? (isInterrupt ? 2 : 4), 1), 64), size: size,
            deliver: { [unowned driver] bytes in bound(driver, bytes) },
            failed: { [unowned driver] error in boundFailed?(driver, error) ?? .restart })
        try core.setReader(reader)
        return reader
    }
}
