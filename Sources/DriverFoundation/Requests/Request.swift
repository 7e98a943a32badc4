/// A request that the driver owns: the exclusive right to complete it.
///
/// It cannot be copied: completing twice, or using it after it was completed or forwarded, does not
/// compile. One that is dropped is completed with `.abandoned`, which the log reports as an error
/// of the driver.
///
/// Threading: its device's scope. `complete` and `fail` may also be called elsewhere.
/// Cancellation: belongs to the request. When the client cancels, ``isCancelled`` becomes true,
/// what is awaited `for:` this request ends, and ``onCancel(_:)``'s handler is called. The
/// driver still completes it.
@safe public struct Request: ~Copyable, Sendable {
    // Unmanaged, because only a struct of trivial fields can be discarded; each of the consuming
    // functions and the deinit takes the one retain that `init` made.
    private let unmanaged: Unmanaged<RequestCore>

    init(_ core: RequestCore) {
        unsafe unmanaged = .passRetained(core)
    }

    deinit {
        let core = unsafe unmanaged.takeRetainedValue()
        core.device.onLoop { core.abandon() }
    }

    /// What stands behind it, for the framework.
    var core: RequestCore { unsafe unmanaged.takeUnretainedValue() }

    private consuming func surrender() -> RequestCore {
        let core = unsafe unmanaged.takeRetainedValue()
        discard self
        return core
    }

    // MARK: What is asked

    /// What it asks for.
    public var kind: RequestKind { core.state.value.kind }

    /// The control code of a device control; `nil` for a read or write.
    public var code: ControlCode? {
        if case .deviceControl(let code) = kind { code } else { nil }
    }

    /// The client's bytes; valid until the request is completed.
    public var input: RawSpan {
        @_lifetime(borrow self)
        borrowing get {
            // The array lives in the core, unchanged for as long as the driver owns the request.
            let input = core.state.value.input
            let span = unsafe input.span.bytes
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The most bytes that the client takes back.
    public var outputCapacity: Int { core.state.value.outputCapacity }

    /// Whether its client has given it up.
    public var isCancelled: Bool { core.state.value.isCancelled }

    /// Calls `handler`, once, on the device's scope, when the client cancels; at once when it has
    /// already. The handler cannot complete the request; it makes whatever the driver waits for
    /// end.
    public func onCancel(_ handler: @escaping @Sendable () -> Void) {
        if isCancelled { return handler() }
        core.state.value.cancelHandler = handler
    }

    // MARK: How it ends

    /// Completes it with success. For a read or write `information` is the number of bytes moved
    /// and must not exceed what was asked for (trapped, R-2); for a device control any number.
    public consuming func complete(_ information: Int = 0) {
        let core = surrender()
        core.device.onLoop { core.complete(information) }
    }

    /// Completes it with success and gives `bytes` back, at most ``outputCapacity`` (trapped, R-2).
    public consuming func complete(with bytes: RawSpan) {
        let core = surrender()
        let output = bytes.copy()
        core.device.onLoop { core.complete(with: output) }
    }

    /// Completes it with success and gives `bytes` back, at most ``outputCapacity`` (trapped, R-2).
    public consuming func complete(with bytes: [UInt8]) {
        let core = surrender()
        core.device.onLoop { core.complete(with: bytes) }
    }

    /// Completes it with an error.
    public consuming func fail(_ error: DeviceError) {
        let core = surrender()
        core.device.onLoop { core.finish(error: error, information: error.transferred) }
    }

    /// Moves it to the end of another queue of the same device, or to the queue in which the
    /// parent takes its children's requests; there it belongs to the framework, which
    /// cancels and purges it. A queue that does not accept completes it with `.removed`: only a
    /// device that goes has such.
    public consuming func forward(to queue: RequestQueue) {
        let core = surrender()
        core.forward(to: queue)
    }

    /// Puts it back to the head of the manual queue from which it came.
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
        case .deviceControl: limit = .max
        }
        contract(
            information <= limit,
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

    fileprivate func abandon() {
        device.loop.reach(.requestAbandoned)
        device.report(
            "R-2: the driver dropped a request (\(state.value.kind)) without completing it")
        finish(error: DeviceError(.abandoned), information: 0)
    }

    fileprivate func forward(to queue: RequestQueue) {
        contract(
            queue.device === device || queue === device.parentQueue,
            "Q-11: forwarded to a queue of another device")
        contract(queue !== state.value.queue, "Q-11: forwarded to the queue it came from")
        leaveDriver()
        queue.acceptAgain(self, atHead: false)
    }

    fileprivate func requeue() {
        let queue = state.value.queue
        contract(
            queue?.dispatch == .manual, "Q-12: only a request of a manual queue can be requeued")
        leaveDriver()
        queue?.acceptAgain(self, atHead: true)
    }

    /// Gives up ownership without completing.
    private func leaveDriver() {
        contract(
            state.value.operation == nil, "a request was forwarded while a transfer waits for it")
        state.value.cancelHandler = nil
        let queue = state.value.queue.take()
        state.value.phase = .queued
        if device.loop.isPlanted(.forwardStaysOwned) { return }
        queue?.requestLeftDriver(self)
    }
}
