/// What a driver sends requests to: the next lower driver of its stack, another device, or its own
/// device (T-1, T-2, T-11).
///
/// A started target sends. A stopped one keeps what comes, and sends it when it is started; a
/// closed or purged one refuses it (T-3). The framework deletes a device's targets when the device
/// is removed: what was sent is cancelled, and ends before the device does (T-7).
///
/// Threading: its device's scope.
/// Cancellation: sends end early with the request on whose behalf they run, and with the task that
/// awaits them; state changes are not cancelled.
public final class IOTarget: Sendable {
    /// What stands behind a target.
    public enum Kind: Sendable, Hashable {
        /// The next lower level of the same device's stack (T-1).
        case local
        /// Another device, or whatever else was opened (T-2).
        case remote
        /// The device's own queues (T-11).
        case ownDevice
    }

    /// What a target does with a request.
    public enum State: Sendable, Hashable {
        /// It sends.
        case started
        /// It keeps requests until it is started.
        case stopped
        /// It is closed, to be opened again if the other device is not removed after all (T-6).
        case closedForQueryRemove
        /// It is not open.
        case closed
        /// It refuses requests until it is started.
        case purged
        /// It refuses requests for good.
        case deleted
    }

    /// What a stop does with requests that were sent (T-4).
    public enum StopAction: Sendable, Hashable {
        /// Cancels them, and waits for their ends.
        case cancelSentIO
        /// Waits for their ends.
        case waitForSentIO
        /// Lets them be.
        case leaveSentIOPending
    }

    struct Storage {
        var state: State
        var port: (any TargetPort)?
        var pended: [TargetOperation] = []
        var sent: [TargetOperation] = []
        // Sent whatever the state: no stop concerns itself with them.
        var ignoring: [TargetOperation] = []
        var stops = 0
        var stopWaiters: [Resumption<Void>] = []
        var settleWaiters: [Resumption<Void>] = []
        var emptyWaiters: [Resumption<Void>] = []
        var remote = RemoteOpening()
    }

    /// The device whose driver sends.
    public let device: Device
    /// What stands behind it.
    public let kind: Kind
    let storage: LoopConfined<Storage>

    /// A target with a port is started.
    init(_ kind: Kind, of device: Device, _ port: (any TargetPort)?) {
        self.device = device
        self.kind = kind
        storage = LoopConfined(
            on: device.loop, Storage(state: port == nil ? .closed : .started, port: port))
    }

    /// What it does with requests now.
    public var state: State { storage.value.state }
    /// Requests that were sent and have not ended (T-13).
    public var sentCount: Int { storage.value.sent.count + storage.value.ignoring.count }
    /// Requests that wait for the target's start.
    public var pendedCount: Int { storage.value.pended.count }

    var name: String {
        switch kind {
        case .local: "the next lower driver of \(device.name)"
        case .ownDevice: "\(device.name) itself"
        case .remote: storage.value.remote.name ?? "a target of \(device.name)"
        }
    }

    // MARK: Operations

    /// Sends, keeps or refuses (T-3).
    func admit(_ operation: TargetOperation) {
        switch storage.value.state {
        case .started: submit(operation)
        case .stopped, .purged:
            if operation.options.ignoresTargetState { return submit(operation) }
            guard storage.value.state == .stopped else {
                return operation.refuse(.unavailable(self))
            }
            storage.value.pended.append(operation)
            operation.pend()
        case .closedForQueryRemove, .closed, .deleted: operation.refuse(.unavailable(self))
        }
    }

    private func submit(_ operation: TargetOperation) {
        guard let port = storage.value.port else { return operation.refuse(.unavailable(self)) }
        if operation.options.ignoresTargetState {
            storage.value.ignoring.append(operation)
        } else {
            storage.value.sent.append(operation)
        }
        operation.send(to: port)
    }

    /// An operation ends: nothing waits for it any more.
    func forget(_ operation: TargetOperation) {
        storage.value.pended.removeAll { $0 === operation }
        storage.value.sent.removeAll { $0 === operation }
        storage.value.ignoring.removeAll { $0 === operation }
        if storage.value.sent.isEmpty { storage.value.settleWaiters.resumeAll() }
        if sentCount == 0 { storage.value.emptyWaiters.resumeAll() }
    }

    /// hands on a request whose sender does not want it back.
    func forward(_ core: RequestCore, ignoresState: Bool) {
        contract(
            core.device === device,
            "R-11: a request of \(core.device.name) was sent to a target of \(device.name)")
        core.leaveDriver()
        do throws(DeviceError) {
            try device.environment.verifier.pass(.targetRequest)
        } catch {
            core.state.value.phase = .sent
            return core.complete(ClientReply(error: error))
        }
        if !core.state.value.isCancelled, state == .started || ignoresState && state != .deleted,
            storage.value.port?.take(core) == true
        {
            return
        }
        let operation = TargetOperation(
            core.asSent, to: self, SendOptions(ignoresTargetState: ignoresState), for: core,
            isPassedOn: true)
        core.state.value.phase = .sent
        operation.begin(nil)
    }

    // MARK: States

    /// Sends what it keeps, in order, and from now on whatever comes (T-3). Waits for the end of a
    /// stop that is under way (T-4).
    ///
    /// Errors: `.invalidDeviceState` for a target that is closed or deleted.
    public func start() async throws(DeviceError) {
        await stopsEnded()
        try device.environment.verifier.pass(.targetStart)
        switch storage.value.state {
        case .started: return
        case .stopped, .purged: storage.value.state = .started
        case .closedForQueryRemove, .closed, .deleted: throw .unavailable(self)
        }
        if device.loop.isPlanted(.startForgetsPended) { storage.value.pended = [] }
        // One that is sent may stop the target again.
        while storage.value.state == .started, !storage.value.pended.isEmpty {
            submit(storage.value.pended.removeFirst())
        }
    }

    /// Sends nothing until it is started, and keeps what comes (T-3, T-4). A target that is closed
    /// or deleted stays so.
    public func stop(_ action: StopAction) async {
        switch storage.value.state {
        case .started, .stopped, .purged: storage.value.state = .stopped
        case .closedForQueryRemove, .closed, .deleted: return
        }
        if action == .leaveSentIOPending { return }
        if action == .cancelSentIO { interrupt(storage.value.sent, .cancelled) }
        if device.loop.isPlanted(.stopDoesNotWait) { return }
        await settled()
    }

    /// Refuses what comes until it is started, ends what it keeps with `.invalidDeviceState`, and
    /// cancels what was sent (T-5); `waiting`: returns when that has ended.
    public func purge(waiting: Bool = true) async {
        switch storage.value.state {
        case .started, .stopped, .purged: storage.value.state = .purged
        case .closedForQueryRemove, .closed, .deleted: return
        }
        interrupt(storage.value.pended, .purged)
        interrupt(storage.value.sent, .cancelled)
        if waiting { await settled() }
    }

    /// Deletes it: cancels what was sent and waits for that, and ends what it keeps with
    /// `.removedNotSent` (T-7). The framework does so when the device is removed.
    public func delete() async {
        contract(
            kind == .remote,
            "T-1: \(name) lives as long as its device: only a remote target can be deleted")
        beginDeleting()
        await deleted()
        device.state.value.targets.removeAll { $0 === self }
    }

    func beginDeleting() {
        storage.value.state = .deleted
        interrupt(storage.value.pended, .deleted)
        interrupt(storage.value.sent + storage.value.ignoring, .cancelled)
    }

    func deleted() async {
        await emptied()
        await storage.value.port.take()?.close()
    }

    /// A snapshot, because one that ends may take others along.
    func interrupt(_ operations: [TargetOperation], _ reason: TargetOperation.Interruption) {
        for operation in operations { operation.interrupt(reason) }
    }

    /// Waits until nothing is below that a stop concerns itself with; starts wait meanwhile.
    func settled() async {
        storage.value.stops += 1
        await Resumption.wait { settled in
            if storage.value.sent.isEmpty { return settled.resume() }
            storage.value.settleWaiters.append(settled)
        }
        endStop()
    }

    /// Waits until nothing at all is below.
    func emptied() async {
        storage.value.stops += 1
        await Resumption.wait { emptied in
            if sentCount == 0 { return emptied.resume() }
            storage.value.emptyWaiters.append(emptied)
        }
        endStop()
    }

    private func endStop() {
        storage.value.stops -= 1
        if storage.value.stops == 0 { storage.value.stopWaiters.resumeAll() }
    }

    func stopsEnded() async {
        while storage.value.stops > 0 {
            device.loop.reach(.startAwaitsStop)
            await Resumption.wait { ended in
                if storage.value.stops == 0 { return ended.resume() }
                storage.value.stopWaiters.append(ended)
            }
        }
    }
}

extension [Resumption<Void>] {
    /// Resumes each, and forgets them first: who goes on may wait again.
    fileprivate mutating func resumeAll() {
        let waiters = self
        self = []
        for waiter in waiters { waiter.resume() }
    }
}
