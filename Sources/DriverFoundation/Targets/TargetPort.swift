/// Where an I/O target's requests go: the seam between what all targets do and what tells them
/// apart.
///
/// Threading: on the target's loop.
protocol TargetPort: AnyObject, Sendable {
    /// Sends what the operation asks for, and calls its `finished(_:)` once, when it has really
    /// ended; perhaps at once.
    func send(_ operation: TargetOperation)
    /// Asks an operation that was sent to end early.
    func cancel(_ operation: TargetOperation)
    /// Takes over a request whose sender does not want it back; `false` when it can only be carried
    /// by an operation.
    func take(_ core: RequestCore) -> Bool
    /// Gives up what was opened. Nothing is sent any more, and all that was has ended.
    func close() async
}

/// The way to drivers of the same device: its own routing (DEV-24), or the next lower level's
/// (T-1).
final class RoutingPort: TargetPort {
    private unowned let device: Device
    private let route: @Sendable (RequestCore) -> Void

    init(of device: Device, _ route: @escaping @Sendable (RequestCore) -> Void) {
        self.device = device
        self.route = route
    }

    func send(_ operation: TargetOperation) {
        let core = device.takeCore()
        core.begin(for: operation)
        operation.carrier = .core(core)
        route(core)
    }

    func cancel(_ operation: TargetOperation) {
        if case .core(let core) = operation.carrier { core.cancel() }
    }

    func take(_ core: RequestCore) -> Bool {
        route(core)
        return true
    }

    func close() async {}
}

/// The way to another device, or to whatever else answers requests like an open file (T-2).
final class FileTargetPort: TargetPort {
    private let file: any FilePort
    private let scope: Scope

    init(_ file: any FilePort, from scope: Scope) {
        self.file = file
        self.scope = scope
    }

    func send(_ operation: TargetOperation) {
        let task = scope.task { [file] in
            let reply = await file.perform(operation.request)
            operation.finished(reply.checked(against: operation.request))
        }
        operation.carrier = .task(task)
    }

    func cancel(_ operation: TargetOperation) {
        if case .task(let task) = operation.carrier { task.cancel() }
    }

    func take(_ core: RequestCore) -> Bool { false }

    func close() async { await file.close() }
}

extension ClientReply {
    /// This reply, unless it gives back more than was asked for: what comes from elsewhere is not
    /// believed.
    fileprivate func checked(against request: ClientRequest) -> ClientReply {
        let limit =
            switch request.kind {
            case .read: request.outputCapacity
            case .write: request.input.count
            default: Int.max
            }
        if output.count <= request.outputCapacity, 0...limit ~= information { return self }
        return ClientReply(
            error: DeviceError(
                .deviceData,
                "A reply of \(output.count) bytes and the number \(information) does not answer a"
                    + " \(request.kind) of \(request.outputCapacity) bytes."))
    }
}
