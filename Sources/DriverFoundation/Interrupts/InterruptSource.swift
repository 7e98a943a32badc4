/// What an interrupt service routine makes of a message (I-1).
public enum InterruptAnswer<Value: Sendable>: Sendable {
    /// It is none of this source's: the device said something that nobody expects.
    case notOwn
    /// It is dealt with.
    case handled
    /// The deferred procedure call is to run, and gets this.
    case queueDPC(Value)
}

extension InterruptAnswer: Equatable where Value: Equatable {}

/// Interrupts of a device: interrupt-IN endpoints, each a message of one source (I-1, I-3).
///
/// A message that arrives is decoded at once by the interrupt service routine (`isr`): a short
/// function on the loop, lent the bytes, that says whether they were its own and what to pass on.
/// What it passes on goes to the deferred procedure call (`dpc`), on the driver's scope: asked for
/// again before it has begun, it is called once, with all that was passed on, in order. Nothing is
/// lost: a DPC that keeps up with ``backlogLimit`` values not, makes the source stop reading, and
/// the device waits.
///
/// The framework enables it after ``FunctionDriver/enterD0(from:)`` and disables it before
/// ``FunctionDriver/exitD0(to:)`` (PNP-1, PNP-2); `enable` and `disable` then tell the device.
///
/// Threading: its device's scope, ISR and DPC included, so that neither meets the other half done
/// (I-2).
public final class InterruptSource<Value: Sendable>: InterruptLine {
    /// How many values may wait for the DPC before the source stops reading.
    public static var backlogLimit: Int { 256 }

    private struct State {
        var lines: [InterruptMessageLine] = []
        var isConnected = false
        var isEnabled = false
        var isActive = true
        var isFull = false
        var isDeleted = false
        var isReconciling = false
        var reconciled: [Resumption<Void>] = []
        var worker: CallbackWorker?
        var values: [Value] = []
        // An empty array with room, to take the place of the values that a DPC gets.
        var spare: [Value] = []
        var woken: [(message: Int, bytes: [UInt8])] = []
        var statistics = InterruptStatistics()
    }

    /// Its place in the device's tree.
    public let object: DriverObject
    /// The endpoints, in the order of their message numbers.
    public let endpoints: [EndpointAddress]
    /// Whether it was made in `prepareHardware()`, and goes when the hardware is released.
    let endsWithHardware: Bool
    private unowned let device: Device
    private let isr: @Sendable (Int, RawSpan) -> InterruptAnswer<Value>
    private let failed: @Sendable (DeviceError) -> ReaderRecovery
    private let callbacks: InterruptCallbacks
    private let state: LoopConfined<State>

    init(
        _ object: DriverObject, of device: Device, _ endpoints: [EndpointAddress],
        endsWithHardware: Bool, _ callbacks: InterruptCallbacks,
        failed: @escaping @Sendable (DeviceError) -> ReaderRecovery,
        isr: @escaping @Sendable (Int, RawSpan) -> InterruptAnswer<Value>
    ) {
        self.object = object
        self.device = device
        self.endpoints = endpoints
        self.endsWithHardware = endsWithHardware
        self.callbacks = callbacks
        self.failed = failed
        self.isr = isr
        state = LoopConfined(on: device.loop, State())
    }

    /// Whether messages come now.
    public var isEnabled: Bool { state.value.isEnabled && isReading }

    /// What it has done so far.
    public var statistics: InterruptStatistics { state.value.statistics }

    // MARK: Messages

    private func interrupted(_ message: Int, _ bytes: RawSpan) {
        state.value.statistics.messages += 1
        switch isr(message, bytes) {
        case .notOwn: state.value.statistics.notOwn += 1
        case .handled: break
        case .queueDPC(let value):
            state.value.values.append(value)
            if state.value.values.count >= Self.backlogLimit, !state.value.isFull {
                state.value.isFull = true
                device.loop.reach(.interruptBacklogFull)
                beginReconciling()
            }
            if state.value.worker?.enqueue() == false { state.value.statistics.coalesced += 1 }
        }
    }

    /// The DPC's worker, which is made after the source it works for.
    func setWorker(_ worker: CallbackWorker) { state.value.worker = worker }

    /// Takes what was passed on, for a DPC that begins.
    func takeValues() -> [Value] {
        let values = state.value.values
        state.value.values = state.value.spare
        state.value.spare = []
        state.value.statistics.deferredCalls += 1
        if state.value.isFull {
            state.value.isFull = false
            beginReconciling()
        }
        return values
    }

    /// Takes the room of values back that a DPC has dealt with.
    func giveBack(_ values: consuming [Value]) {
        values.removeAll(keepingCapacity: true)
        state.value.spare = values
    }

    // MARK: Enabling (PNP-1, PNP-2)

    /// Connects, then tells the driver.
    func enable() async throws(DeviceError) {
        guard !state.value.isEnabled, !state.value.isDeleted else { return }
        try await connect()
        await reconcile()
        do { try await callbacks.enable() } catch {
            // PNP-14: what was not enabled is disconnected alone.
            await disconnect()
            throw error
        }
        state.value.isEnabled = true
    }

    /// Tells the driver, then disconnects; the DPC has run when it returns. The driver's error
    /// stops nothing (PNP-15).
    func disable() async throws(DeviceError) {
        guard state.value.isEnabled else { return }
        state.value.isEnabled = false
        var failure: DeviceError?
        do { try await callbacks.disable() } catch { failure = error }
        await disconnect()
        if let failure { throw failure }
    }

    /// Tells that the device will not, or will again, send anything (I-3): reading stops and goes
    /// on without a change of power, and without the driver's callbacks.
    public func report(isActive: Bool) async {
        state.value.isActive = isActive
        await reconcile()
    }

    private func connect() async throws(DeviceError) {
        var lines: [InterruptMessageLine] = []
        for (message, endpoint) in endpoints.enumerated() {
            let pipe = try await device.pipe(endpoint)
            if let known = state.value.lines.first(where: { $0.reader.pipe === pipe }) {
                lines.append(known)
                continue
            }
            guard pipe.endpoint.transferType == .interrupt, pipe.endpoint.address.direction == .in
            else {
                throw DeviceError(
                    .invalidRequest, "I-1: endpoint \(endpoint) is no interrupt-IN endpoint.")
            }
            let reader = try ContinuousReader(
                pipe, depth: 2, size: pipe.endpoint.maxPacketSize,
                deliver: { [unowned self] bytes in interrupted(message, bytes) },
                failed: failed)
            try pipe.core.setReader(reader)
            lines.append(InterruptMessageLine(reader: reader))
        }
        state.value.lines = lines
        state.value.isConnected = true
        // I-4: what woke the device is told when it works again.
        let woken = state.value.woken
        state.value.woken = []
        for (message, bytes) in woken { deliver(message, bytes) }
    }

    private func disconnect() async {
        state.value.isConnected = false
        await reconcile()
        await state.value.worker?.flush("I-1")
    }

    /// Deletes it: no message, no DPC comes any more.
    func end() async {
        state.value.isDeleted = true
        state.value.isEnabled = false
        device.state.value.parts.interrupts.removeAll { $0 === self }
        state.value.isConnected = false
        await reconcile()
        await state.value.worker?.end("I-1")
        state.value.lines = []
    }

    // MARK: Reading

    private var isReading: Bool { state.value.lines.contains { $0.reader.isRunning } }

    private var shouldRead: Bool {
        state.value.isConnected && state.value.isActive && !state.value.isFull
    }

    private func beginReconciling() { device.scope.task { [self] in await reconcile() } }

    /// Starts or stops the readers until they do what they should: what that is may change while
    /// they stop, and there is one who sees to it.
    private func reconcile() async {
        if state.value.isReconciling {
            return await Resumption.wait { waiter in
                if !state.value.isReconciling { return waiter.resume() }
                state.value.reconciled.append(waiter)
            }
        }
        state.value.isReconciling = true
        var isSettled = false
        while !isSettled {
            let wanted = shouldRead
            for line in state.value.lines {
                if wanted { line.reader.start() } else { await line.reader.stop() }
            }
            isSettled = wanted == shouldRead
        }
        state.value.isReconciling = false
        let waiters = state.value.reconciled
        state.value.reconciled = []
        for waiter in waiters { waiter.resume() }
    }

    // MARK: Wake (I-4)

    /// A wake source's message that came by another way than the bus: kept until the device works
    /// (I-4), and power is asked to bring it there.
    func signalWake(_ bytes: [UInt8], message: Int = 0) {
        contract(endpoints.indices.contains(message), "I-4: \(object) has no message \(message)")
        if state.value.isConnected { return deliver(message, bytes) }
        state.value.woken.append((message, bytes))
        device.state.value.parts.wakeSignalled?()
    }

    private func deliver(_ message: Int, _ bytes: [UInt8]) {
        device.scope.perform { interrupted(message, unsafe bytes.span.bytes) }
    }
}

/// One endpoint of a source.
struct InterruptMessageLine: Sendable {
    let reader: ContinuousReader
}
