/// What every pipe does, the default control pipe included: transfers awaited one way, pooled,
/// gated by the device's presence, and drained before anything that must not meet one in flight
/// (L9).
final class PipeCore: Sendable {
    private struct State {
        var isOpen = true
        var idle: [PipeOperation] = []
        var running: [PipeOperation] = []
        var drained: [Resumption<Void>] = []
        var isClearing = false
        var cleared: [Resumption<Void>] = []
        var reader: ContinuousReader?
    }

    let device: Device
    let bus: any BusDevice
    let type: TransferType
    let address: EndpointAddress
    let maxPacketSize: Int
    private let state: LoopConfined<State>

    init(
        of device: Device, over bus: any BusDevice, _ type: TransferType,
        _ address: EndpointAddress,
        maxPacketSize: Int
    ) {
        self.device = device
        self.bus = bus
        self.type = type
        self.address = address
        self.maxPacketSize = maxPacketSize
        state = LoopConfined(on: device.loop, State())
    }

    /// Whether transfers are taken.
    var isOpen: Bool { state.value.isOpen && !device.isGone }

    /// A transfer for the continuous reader, outside the pool.
    func makeTransfer(capacity: Int) throws(DeviceError) -> BusTransfer {
        do throws(BusError) {
            try device.environment.verifier.passBus(.busTransfer)
            return try bus.makeTransfer(
                type, on: address, maxPacketSize: maxPacketSize, capacity: capacity)
        } catch {
            throw DeviceError(error)
        }
    }

    /// Ties the pipe's one reader to it (wdf.md §4.1: once per pipe).
    func setReader(_ reader: ContinuousReader) throws(DeviceError) {
        guard state.value.reader == nil else {
            throw DeviceError(
                .invalidDeviceState,
                "Endpoint \(address) has a continuous reader already: keep the first (wdf.md §4.1)."
            )
        }
        state.value.reader = reader
    }

    /// Whether anything is in flight.
    var isBusy: Bool { !state.value.running.isEmpty || state.value.reader?.isInFlight == true }

    /// Whether the reader has transfers in flight, or will have without a call.
    var hasRunningReader: Bool { state.value.reader?.isIdle == false }

    // MARK: Operations

    /// Takes an operation whose transfer can carry `capacity` bytes.
    ///
    /// The count may be a client's: any other than a possible one is refused, not computed with.
    func take(capacity: Int) throws(DeviceError) -> PipeOperation {
        guard ClientRequest.capacities ~= capacity else {
            throw DeviceError(
                .invalidRequest,
                "A transfer carries 0…\(ClientRequest.capacities.upperBound) bytes, not"
                    + " \(capacity).")
        }
        guard isOpen else { throw DeviceError.removed }
        try device.environment.verifier.pass(.transferMemory)
        if let index = state.value.idle.lastIndex(where: { $0.transfer.capacity >= capacity }) {
            return state.value.idle.remove(at: index)
        }
        // Powers of two, so that growing requests do not make a transfer each.
        var size = max(maxPacketSize, 64)
        while size < capacity { size *= 2 }
        if type == .control { size = min(size, max(capacity, 4096)) }
        return PipeOperation(try makeTransfer(capacity: size))
    }

    /// Runs an operation and reports how it ended; the operation stays the caller's.
    func run(
        _ operation: PipeOperation, length: Int, zeroPacket: Bool = false, for core: RequestCore?,
        deadline: Duration?
    ) async -> PipeOperation.Outcome {
        await passGate()
        guard isOpen else {
            return PipeOperation.Outcome(status: .cancelled, interruption: .removed)
        }
        if device.environment.verifier.fails(.busSubmit) {
            return PipeOperation.Outcome(submitError: BusError(.outOfMemory, "Not submitted."))
        }
        operation.prepare()
        state.value.running.append(operation)
        var outcome = await operation.run(
            length: length, zeroPacket: zeroPacket, for: core, deadline: deadline)
        if device.environment.verifier.fails(.transfer) { outcome.status = .failed }
        device.record(.transferCompleted, address, outcome.status, outcome.length)
        if let index = state.value.running.firstIndex(where: { $0 === operation }) {
            state.value.running.swapAt(index, state.value.running.count - 1)
            state.value.running.removeLast()
        }
        resumeIfDrained()
        return outcome
    }

    /// Gives an operation back to the pool.
    func give(back operation: PipeOperation) {
        guard state.value.isOpen, state.value.idle.count < 16 else { return }
        state.value.idle.append(operation)
    }

    // MARK: Draining

    /// Asks everything in flight to end.
    func interrupt(_ reason: PipeOperation.Interruption) {
        for operation in state.value.running { operation.interrupt(reason) }
        if reason == .removed { state.value.reader?.interrupt() }
    }

    /// Waits until nothing is in flight.
    func drain() async {
        await Resumption.wait { drained in
            if state.value.running.isEmpty { return drained.resume() }
            state.value.drained.append(drained)
        }
    }

    /// Ends what is in flight, then clears the endpoint's halt. What comes meanwhile waits: the bus
    /// must not meet a transfer in flight (L9).
    func clearHalt() async throws(BusError) {
        await passGate()
        guard isOpen else { throw BusError(.deviceGone, "The pipe is closed.") }
        state.value.isClearing = true
        defer { openGate() }
        interrupt(.cancelled)
        if !device.loop.isPlanted(.undrainedClear) { await drain() }
        try device.environment.verifier.passBus(.busClear)
        try await bus.clearHalt(address)
    }

    /// Whether the endpoint's halt is being cleared now.
    var isClearing: Bool { state.value.isClearing }

    /// Waits until no halt is being cleared.
    func passGate() async {
        while state.value.isClearing {
            device.loop.reach(.waitedForClearedHalt)
            await Resumption.wait { cleared in
                if !state.value.isClearing { return cleared.resume() }
                state.value.cleared.append(cleared)
            }
        }
    }

    private func openGate() {
        state.value.isClearing = false
        let waiters = state.value.cleared
        state.value.cleared = []
        for waiter in waiters { waiter.resume() }
    }

    /// Takes nothing more, ends what is in flight, and lets the transfers go.
    ///
    /// `endsReader`: whether a reader that still runs is the framework's to stop, not the driver's.
    func close(endsReader: Bool = false) async {
        state.value.isOpen = false
        interrupt(.removed)
        await drain()
        state.value.idle = []
        await state.value.reader.take()?.close(isExpected: endsReader)
    }

    private func resumeIfDrained() {
        guard state.value.running.isEmpty, !state.value.drained.isEmpty else { return }
        let waiters = state.value.drained
        state.value.drained = []
        for waiter in waiters { waiter.resume() }
    }

    // MARK: Errors

    /// What an outcome that is no success means to the driver.
    func error(for outcome: PipeOperation.Outcome, partial: [UInt8]) async -> DeviceError {
        if let error = outcome.submitError {
            if error.code == .deviceGone { _ = await device.confirmRemoval() }
            return DeviceError(error)
        }
        let code: DeviceError.Code
        switch outcome.status {
        case .completed, .cancelled:
            switch outcome.interruption {
            case .timedOut: code = .timedOut
            case .removed: code = .removed
            case .cancelled, nil: code = device.isGone ? .removed : .cancelled
            }
        case .stalled: code = .stalled
        case .overflow: code = .overflow
        // A suspicion: what an unplug looks like before the bus has noticed it (L11, L12).
        case .failed: code = await device.confirmRemoval() ? .removed : .transport
        case .deviceGone: code = await device.confirmRemoval() ? .removed : .failed
        }
        return DeviceError(
            code, "Transfer on endpoint \(address) of \(device.name): \(code).",
            transferred: outcome.length, partialBytes: partial)
    }
}

extension DeviceError {
    /// A bus's error, in the words of drivers.
    init(_ error: BusError) {
        let code: Code =
            switch error.code {
            case .deviceGone: .removed
            case .busy: .busy
            case .accessDenied: .accessDenied
            case .invalidRequest, .unsupported: .invalidRequest
            case .outOfMemory: .outOfMemory
            case .stalled: .stalled
            case .notFound: .notFound
            default: .failed
            }
        self.init(code, error.message)
    }
}
