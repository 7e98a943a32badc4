/// Requests that travel on from the driver that owns them.
extension Request {
    /// The open file through which it came; `nil` for a request that a driver made.
    public var file: FileObject? { core.state.value.file }

    /// Sends it on, and returns how it ended below; then it is the sender's again, to
    /// be completed: mostly with ``complete(_:)``. Below it bears the same number and file (FL-2).
    ///
    /// `format`: what is asked for below, instead of what was asked for above.
    ///
    /// Threading: its device's scope. Cancellation: the request's own, and the task's.
    public func send(
        to target: IOTarget, as format: ClientRequest? = nil, _ options: SendOptions = SendOptions()
    ) async -> ClientReply {
        await target.perform(
            TargetOperation(
                format ?? core.asSent, to: target, options, for: core, isPassedOn: true))
    }

    /// Sends it on and lets go of it: whatever ends it below ends it for its client. It has
    /// left the driver, and a sequential queue delivers the next.
    ///
    /// `ignoresTargetState`: whether a stopped or purged target sends it all the same.
    public consuming func sendAndForget(to target: IOTarget, ignoresTargetState: Bool = false) {
        let core = surrender()
        core.device.onLoop { target.forward(core, ignoresState: ignoresTargetState) }
    }

    /// Completes it as something else was completed that a driver sent for it. More bytes than its
    /// client takes are trapped.
    public consuming func complete(_ reply: ClientReply) {
        let core = surrender()
        core.device.onLoop { core.complete(reply) }
    }
}

extension RequestCore {
    /// What it asks for, as a request of its own.
    var asSent: ClientRequest {
        ClientRequest(
            state.value.kind, input: state.value.input, outputCapacity: state.value.outputCapacity)
    }

    /// Begins as what `operation` sends to drivers of the same device.
    func begin(for operation: TargetOperation) {
        let origin = operation.isPassedOn ? operation.core : nil
        begin(operation.request, number: origin?.state.value.number)
        state.value.sender = operation
        state.value.file = origin?.state.value.file
        state.value.file?.began(self)
    }

    func complete(_ reply: ClientReply) {
        contract(
            reply.output.count <= state.value.outputCapacity,
            "R-2: \(reply.output.count) bytes given back where the client takes "
                + "\(state.value.outputCapacity): check outputCapacity")
        contract(
            state.value.kind != .write || reply.information <= state.value.input.count,
            "R-2: write completed with \(reply.information) bytes of \(state.value.input.count): "
                + "complete with what was moved")
        state.value.output = reply.output
        finish(error: reply.error, information: reply.information)
    }

    /// `operation` waits on its behalf, and is cancelled with it.
    func attach(_ operation: any RequestOperation) {
        contract(
            state.value.operation == nil,
            "R-10: one transfer or send at a time waits for a request; await the first, or pass no"
                + " request")
        state.value.operation = operation
    }

    func detach(_ operation: any RequestOperation) {
        if state.value.operation === operation { state.value.operation = nil }
    }
}
