/// A request that the driver owns: the exclusive right to complete it.
///
/// It cannot be copied: completing twice, or using it after it was completed or forwarded, does not
/// compile. One that is dropped is completed with `.abandoned`, which the log reports as an error
/// of the driver.
///
/// Threading: its device's scope. What ends it may also be called elsewhere.
/// Cancellation: belongs to the request. When the client cancels, or the device goes,
/// ``isCancelled`` becomes true, what is awaited `for:` this request ends, and ``onCancel(_:)``'s
/// handler is called. The driver still completes it.
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

    /// Gives up the right to complete it, for the framework.
    consuming func surrender() -> RequestCore {
        let core = unsafe unmanaged.takeRetainedValue()
        discard self
        return core
    }

    // MARK: What is asked

    /// What it asks for.
    public var kind: RequestKind { core.state.value.kind }

    /// The control code of a device control, internal or not; `nil` for a read or write.
    public var code: ControlCode? { kind.code }

    /// Counts the requests of its device: what log, ``RequestReference`` and driver call it.
    public var number: UInt64 { core.state.value.number }

    /// How long ago it reached the device.
    public var age: Duration { core.state.value.arrival.duration(to: core.device.loop.now) }

    /// A name for it that may outlive it.
    public var reference: RequestReference { RequestReference(core) }

    /// The queue from which it came; `nil` for one that the driver made.
    public var queue: RequestQueue? { core.state.value.queue }

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

    /// The client's bytes, of which the driver needs at least `count`.
    ///
    /// Errors: `.bufferTooSmall` when there are fewer; `.invalidRequest` for a read, which has
    /// none.
    @_lifetime(borrow self)
    public borrowing func input(atLeast count: Int) throws(DeviceError) -> RawSpan {
        if kind == .read { throw DeviceError(.invalidRequest, "A read brings no bytes (R-4).") }
        let found = core.state.value.input.count
        guard found >= count else {
            throw DeviceError(
                .bufferTooSmall, "This request needs \(count) bytes of input, not \(found) (R-4).")
        }
        return input
    }

    /// The most bytes that the client takes back.
    public var outputCapacity: Int { core.state.value.outputCapacity }

    /// The most bytes that the client takes back, of which the driver needs at least `count`.
    ///
    /// Errors: `.bufferTooSmall` when it takes fewer; `.invalidRequest` for a write, which takes
    /// none.
    public func outputCapacity(atLeast count: Int) throws(DeviceError) -> Int {
        if kind == .write {
            throw DeviceError(.invalidRequest, "A write takes no bytes back (R-4).")
        }
        guard outputCapacity >= count else {
            throw DeviceError(
                .bufferTooSmall,
                "This request must take \(count) bytes back, not \(outputCapacity) (R-4).")
        }
        return outputCapacity
    }

    // MARK: Its life

    /// Whether it is not wanted any more: its client has given it up, its queue is purged, or the
    /// device goes.
    public var isCancelled: Bool { core.state.value.isCancelled }

    /// Calls `handler`, once, on the device's scope, when the request is cancelled; at once when it
    /// has been already. The handler cannot complete the request; it makes whatever the driver
    /// waits for end.
    public func onCancel(_ handler: @escaping @Sendable () -> Void) {
        if isCancelled { return handler() }
        core.state.value.cancelHandler = handler
    }

    /// Calls `handler`, once, when the request ends, however it does: before its client is told,
    /// and before its contexts go. A second call replaces the handler.
    ///
    /// Threading: the handler runs on the device's scope, inside of what ends the request: it must
    /// be short.
    public func onCleanup(_ handler: @escaping @Sendable () -> Void) {
        core.state.value.cleanupHandler = handler
    }

    /// Keeps it while the device is out of D0: from here on its queue's stop does not wait
    /// for it. When the device is back, the queue's `resume` handler is told of it, once.
    ///
    /// Only while its queue is being stopped by a change of power (trapped): the answer of a `stop`
    /// handler that had left it to the driver.
    public func acknowledgeStop() {
        core.state.value.queue?.acknowledgeStop(of: core)
    }
}
