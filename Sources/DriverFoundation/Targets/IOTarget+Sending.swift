/// Requests that a driver makes itself (R-8, T-8): a value and an awaited function stand for
/// WDF's request object, its formatting, its completion routine and its reuse.
extension IOTarget {
    /// Sends `request` and returns how it ended. An error of the reply says whether it
    /// was sent at all: `.invalidDeviceState`, `.timedOutNotSent` and `.removedNotSent` stand for
    /// requests that were not.
    ///
    /// Cancellation: cancelling the task cancels the request; the call returns when the request
    /// has really ended.
    public func send(
        _ request: ClientRequest, _ options: SendOptions = SendOptions()
    ) async -> ClientReply {
        await perform(TargetOperation(request, to: self, options, for: nil))
    }

    /// The same on behalf of `origin`, and cancelled with it.
    public func send(
        _ request: ClientRequest, for origin: borrowing Request,
        _ options: SendOptions = SendOptions()
    ) async -> ClientReply {
        await perform(TargetOperation(request, to: self, options, for: origin.core))
    }

    /// Reads at most `length` bytes.
    ///
    /// Errors: those of ``send(_:_:)``'s reply, and whatever the target answers.
    public func read(
        upTo length: Int, _ options: SendOptions = SendOptions()
    ) async throws(DeviceError) -> [UInt8] {
        try await send(ClientRequest(.read, outputCapacity: length), options).success().output
    }

    /// The same on behalf of `origin`, and cancelled with it.
    public func read(
        upTo length: Int, for origin: borrowing Request, _ options: SendOptions = SendOptions()
    ) async throws(DeviceError) -> [UInt8] {
        let request = ClientRequest(.read, outputCapacity: length)
        return try await send(request, for: origin, options).success().output
    }

    /// Writes `bytes`, and returns how many were taken.
    @discardableResult
    public func write(
        _ bytes: [UInt8], _ options: SendOptions = SendOptions()
    ) async throws(DeviceError) -> Int {
        try await send(ClientRequest(.write, input: bytes), options).success().information
    }

    /// The same on behalf of `origin`, and cancelled with it.
    @discardableResult
    public func write(
        _ bytes: [UInt8], for origin: borrowing Request, _ options: SendOptions = SendOptions()
    ) async throws(DeviceError) -> Int {
        let request = ClientRequest(.write, input: bytes)
        return try await send(request, for: origin, options).success().information
    }

    /// Has the target perform its operation `code`.
    @discardableResult
    public func deviceControl(
        _ code: ControlCode, _ input: [UInt8] = [], upTo length: Int = 0,
        _ options: SendOptions = SendOptions()
    ) async throws(DeviceError) -> ClientReply {
        let request = ClientRequest(.deviceControl(code), input: input, outputCapacity: length)
        return try await send(request, options).success()
    }

    /// The same on behalf of `origin`, and cancelled with it.
    @discardableResult
    public func deviceControl(
        _ code: ControlCode, _ input: [UInt8] = [], upTo length: Int = 0,
        for origin: borrowing Request, _ options: SendOptions = SendOptions()
    ) async throws(DeviceError) -> ClientReply {
        let request = ClientRequest(.deviceControl(code), input: input, outputCapacity: length)
        return try await send(request, for: origin, options).success()
    }

    /// Has the target perform its internal operation `code`, which programs cannot ask for.
    @discardableResult
    public func internalDeviceControl(
        _ code: ControlCode, _ input: [UInt8] = [], upTo length: Int = 0,
        _ options: SendOptions = SendOptions()
    ) async throws(DeviceError) -> ClientReply {
        let request = ClientRequest(
            .internalDeviceControl(code), input: input, outputCapacity: length)
        return try await send(request, options).success()
    }

    /// The same on behalf of `origin`, and cancelled with it.
    @discardableResult
    public func internalDeviceControl(
        _ code: ControlCode, _ input: [UInt8] = [], upTo length: Int = 0,
        for origin: borrowing Request, _ options: SendOptions = SendOptions()
    ) async throws(DeviceError) -> ClientReply {
        let request = ClientRequest(
            .internalDeviceControl(code), input: input, outputCapacity: length)
        return try await send(request, for: origin, options).success()
    }

    /// Gives an operation to the target, and waits for its end.
    func perform(_ operation: TargetOperation) async -> ClientReply {
        let loop = device.loop
        return await withTaskCancellationHandler {
            await Resumption.wait { reply in
                let isTaken = loop.onLoop { operation.begin(reply) }
                if !isTaken { reply.resume(returning: ClientReply(error: .removed)) }
            }
        } onCancel: {
            _ = loop.onLoop { operation.interrupt(.cancelled) }
        }
    }
}

extension ClientReply {
    /// The reply, unless it is a failure.
    fileprivate func success() throws(DeviceError) -> ClientReply {
        if let error { throw error }
        return self
    }
}
