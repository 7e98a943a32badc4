/// Control transfers to the device's default pipe (U-9).
extension Device {
    /// Sends `setup` and receives at most `setup.length` bytes.
    ///
    /// Threading, cancellation and errors as of ``USBPipe``; `.stalled` means that the device
    /// refuses the request, and needs no reset. Before the hardware is open and after it is closed:
    /// `.removed`.
    public func controlRead(
        _ setup: SetupPacket, deadline: Duration? = .seconds(5)
    ) async throws(DeviceError) -> [UInt8] {
        try await controlRead(setup, deadline: deadline, core: nil)
    }

    /// The same on behalf of `request`.
    public func controlRead(
        _ setup: SetupPacket, for request: borrowing Request, deadline: Duration? = .seconds(5)
    ) async throws(DeviceError) -> [UInt8] {
        try await controlRead(setup, deadline: deadline, core: request.core)
    }

    /// Sends `setup` and `bytes`, whose count replaces `setup.length`.
    @discardableResult
    public func controlWrite(
        _ setup: SetupPacket, _ bytes: [UInt8] = [], deadline: Duration? = .seconds(5)
    ) async throws(DeviceError) -> Int {
        try await controlWrite(setup, bytes, deadline: deadline, core: nil)
    }

    /// The same on behalf of `request`.
    @discardableResult
    public func controlWrite(
        _ setup: SetupPacket, _ bytes: [UInt8] = [], for request: borrowing Request,
        deadline: Duration? = .seconds(5)
    ) async throws(DeviceError) -> Int {
        try await controlWrite(setup, bytes, deadline: deadline, core: request.core)
    }

    private func controlRead(
        _ setup: SetupPacket, deadline: Duration?, core request: RequestCore?
    ) async throws(DeviceError) -> [UInt8] {
        guard setup.direction == .in || setup.length == 0 else {
            throw DeviceError(.invalidRequest, "controlRead needs a request whose direction is IN.")
        }
        let pipe = try controlPipe
        let operation = try pipe.take(capacity: Int(setup.length))
        operation.transfer.setup = setup
        let outcome = await pipe.run(
            operation, length: Int(setup.length), for: request, deadline: deadline)
        let bytes = operation.transfer.copyOfBytes(min(outcome.length, Int(setup.length)))
        pipe.give(back: operation)
        if outcome.isSuccess { return bytes }
        throw await pipe.error(for: outcome, partial: bytes)
    }

    private func controlWrite(
        _ setup: SetupPacket, _ bytes: [UInt8], deadline: Duration?, core request: RequestCore?
    ) async throws(DeviceError) -> Int {
        guard setup.direction == .out, let length = UInt16(exactly: bytes.count) else {
            throw DeviceError(
                .invalidRequest,
                "controlWrite needs a request whose direction is OUT and at most 65535 bytes.")
        }
        let pipe = try controlPipe
        let operation = try pipe.take(capacity: bytes.count)
        operation.transfer.setup = SetupPacket(
            requestType: setup.requestType, request: setup.request, value: setup.value,
            index: setup.index, length: length)
        operation.transfer.withMutableBytes { unsafe $0.fill(from: bytes.span.bytes) }
        let outcome = await pipe.run(
            operation, length: bytes.count, for: request, deadline: deadline)
        pipe.give(back: operation)
        if outcome.isSuccess { return outcome.length }
        throw await pipe.error(for: outcome, partial: [])
    }
}
