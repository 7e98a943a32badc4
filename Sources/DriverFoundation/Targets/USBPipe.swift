/// A pipe to one bulk or interrupt endpoint (U-7, U-8).
///
/// Threading: its device's scope. Any number of transfers may be awaited at once; they run in the
/// order of the calls. Pipes close when the hardware is released; from a surprise removal on every
/// call throws `.removed`, those that were waiting included.
/// Cancellation: of the request given as `for:`. The call returns when the transfer has really
/// ended.
/// Errors: `.timedOut` and `.cancelled` carry what was moved before (libusb §3, 19); `.stalled`
/// until ``reset()``; `.transport`, `.overflow`.
public final class USBPipe: Sendable {
    /// The endpoint.
    public let endpoint: EndpointDescriptor
    let core: PipeCore

    init(_ endpoint: EndpointDescriptor, _ core: PipeCore) {
        self.endpoint = endpoint
        self.core = core
    }

    /// Sends `bytes` and returns how many the device took.
    ///
    /// `deadline` counts from now; `zeroPacket` ends a transfer of whole packets with an empty one.
    @discardableResult
    public func write(
        _ bytes: RawSpan, zeroPacket: Bool = false, deadline: Duration? = nil
    ) async throws(DeviceError) -> Int {
        try await write(bytes, zeroPacket: zeroPacket, deadline: deadline, core: nil)
    }

    /// The same with the bytes of an array.
    @discardableResult
    public func write(
        _ bytes: [UInt8], zeroPacket: Bool = false, deadline: Duration? = nil
    ) async throws(DeviceError) -> Int {
        let span = unsafe bytes.span.bytes
        return try await write(span, zeroPacket: zeroPacket, deadline: deadline, core: nil)
    }

    /// The same on behalf of `request`: ends early when its client cancels.
    @discardableResult
    public func write(
        _ bytes: RawSpan, for request: borrowing Request, zeroPacket: Bool = false,
        deadline: Duration? = nil
    ) async throws(DeviceError) -> Int {
        try await write(bytes, zeroPacket: zeroPacket, deadline: deadline, core: request.core)
    }

    /// Receives at most `length` bytes; a short packet ends the transfer earlier.
    public func read(
        upTo length: Int, deadline: Duration? = nil
    ) async throws(DeviceError) -> [UInt8] {
        try await read(upTo: length, deadline: deadline, core: nil)
    }

    /// The same on behalf of `request`: ends early when its client cancels.
    public func read(
        upTo length: Int, for request: borrowing Request, deadline: Duration? = nil
    ) async throws(DeviceError) -> [UInt8] {
        try await read(upTo: length, deadline: deadline, core: request.core)
    }

    /// Ends what is in flight, then clears the endpoint's halt and the data toggle (U-12);
    /// transfers asked for meanwhile wait.
    ///
    /// Errors: `.invalidDeviceState` while the pipe's continuous reader runs: stop it before.
    public func reset() async throws(DeviceError) {
        try core.device.environment.verifier.pass(.pipeReset)
        guard core.isOpen else { throw DeviceError.removed }
        guard !core.hasRunningReader else {
            throw DeviceError(
                .invalidDeviceState,
                "Endpoint \(endpoint.address) has a running reader: stop it before a reset (U-12).")
        }
        do { try await core.clearHalt() } catch { throw DeviceError(error) }
    }

    private func write(
        _ bytes: RawSpan, zeroPacket: Bool, deadline: Duration?, core request: RequestCore?
    ) async throws(DeviceError) -> Int {
        guard endpoint.address.direction == .out else { throw wrongDirection("write to") }
        let operation = try core.take(capacity: bytes.byteCount)
        operation.transfer.withMutableBytes { $0.fill(from: bytes) }
        let outcome = await core.run(
            operation, length: bytes.byteCount, zeroPacket: zeroPacket, for: request,
            deadline: deadline)
        core.give(back: operation)
        if outcome.isSuccess { return outcome.length }
        throw await core.error(for: outcome, partial: [])
    }

    private func read(
        upTo length: Int, deadline: Duration?, core request: RequestCore?
    ) async throws(DeviceError) -> [UInt8] {
        guard endpoint.address.direction == .in else { throw wrongDirection("read from") }
        let operation = try core.take(capacity: length)
        let outcome = await core.run(
            operation, length: length, for: request, deadline: deadline)
        let bytes = operation.transfer.copyOfBytes(min(outcome.length, length))
        core.give(back: operation)
        if outcome.isSuccess { return bytes }
        throw await core.error(for: outcome, partial: bytes)
    }

    private func wrongDirection(_ verb: String) -> DeviceError {
        DeviceError(
            .invalidRequest,
            "Cannot \(verb) endpoint \(endpoint.address): it points the other way (U-8).")
    }
}

extension PipeOperation.Outcome {
    var isSuccess: Bool { submitError == nil && status == .completed }
}

extension BusTransfer {
    /// The first `count` bytes of the memory.
    func copyOfBytes(_ count: Int) -> [UInt8] {
        withMutableBytes { bytes in bytes.bytes.extracting(first: max(count, 0)).copy() }
    }
}

extension MutableRawSpan {
    /// Copies `source`, which must fit, to the beginning.
    mutating func fill(from source: RawSpan) {
        contract(source.byteCount <= byteCount, "\(source.byteCount) bytes do not fit")
        unsafe withUnsafeMutableBytes { target in
            unsafe source.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
        }
    }
}
