/// Targets on other devices (T-2, T-6).
extension IOTarget {
    /// Opens an interface of another device, or `path` below it, and starts the target (T-2).
    ///
    /// Errors: `.invalidDeviceState` when the target is not closed, or is closed or deleted
    /// meanwhile; whatever the other device refuses with.
    public func open(
        _ interface: DeviceInterface, path: String = ""
    ) async throws(DeviceError) {
        try await open(.interface(interface, path: path))
    }

    /// Opens a device by its symbolic name (DI-3).
    ///
    /// Errors: as above, and `.notFound`.
    public func open(named name: String, path: String = "") async throws(DeviceError) {
        try await open(.name(name, path: path))
    }

    /// Takes `file`, which somebody else has opened, and starts the target. What was opened so
    /// cannot be reopened.
    public func open(_ file: any FilePort) async throws(DeviceError) {
        try await open(.file(file))
    }

    /// Opens again what was open before (T-2).
    ///
    /// Errors: as of ``open(_:path:)``; `.invalidRequest` when there is nothing to open by name.
    public func reopen() async throws(DeviceError) {
        switch storage.value.remote.last {
        case .interface, .name: break
        case .file, nil:
            throw DeviceError(
                .invalidRequest, "\(name) was not opened by name, and cannot be reopened.")
        }
        if let last = storage.value.remote.last { try await open(last) }
    }

    /// What it was opened on, with its class, names and properties (T-10); `nil` for a target that
    /// is opened by a symbolic name, on something else, or not yet.
    public var interface: DeviceInterface? {
        if case .interface(let interface, _) = storage.value.remote.last { interface } else { nil }
    }

    /// Closes it: what it keeps ends with `.invalidDeviceState`, what was sent is cancelled and
    /// awaited. Idempotent.
    public func close() async { await close(as: .closed) }

    /// The same, to be reopened if the other device is not removed after all: what a handler of
    /// its removal's query calls to agree (T-6).
    public func closeForQueryRemove() async { await close(as: .closedForQueryRemove) }

    private func close(as state: State) async {
        requireRemote()
        switch storage.value.state {
        case .deleted: return
        case .closed, .closedForQueryRemove:
            // One that was to be reopened will not be.
            if state == .closed { storage.value.state = .closed }
            if storage.value.remote.isOpening { storage.value.remote.isGivenUp = true }
        case .started, .stopped, .purged: storage.value.state = state
        }
        interrupt(storage.value.pended, .purged)
        interrupt(storage.value.sent + storage.value.ignoring, .cancelled)
        await emptied()
        await storage.value.port.take()?.close()
    }

    private func open(_ opening: RemoteOpening.Parameters) async throws(DeviceError) {
        requireRemote()
        await stopsEnded()
        switch storage.value.state {
        case .closed, .closedForQueryRemove:
            if !storage.value.remote.isOpening { break }
            fallthrough
        case .started, .stopped, .purged, .deleted:
            throw DeviceError(
                .invalidDeviceState, "\(name) can be opened only when it is closed (T-2).")
        }
        storage.value.remote.isOpening = true
        storage.value.remote.last = opening
        storage.value.remote.number += 1
        let file: any FilePort
        do throws(DeviceError) {
            try device.environment.verifier.pass(.targetOpen)
            file = try await openPort(opening)
        } catch {
            storage.value.remote.isOpening = false
            storage.value.remote.isGivenUp = false
            throw error
        }
        storage.value.remote.isOpening = false
        let isGivenUp = storage.value.remote.isGivenUp || storage.value.state == .deleted
        storage.value.remote.isGivenUp = false
        if isGivenUp {
            device.loop.reach(.closedWhileOpening)
            await file.close()
            throw .unavailable(self)
        }
        storage.value.port = FileTargetPort(file, from: device.scope)
        storage.value.state = .started
    }

    private func openPort(
        _ opening: RemoteOpening.Parameters
    ) async throws(DeviceError) -> any FilePort {
        let holder = TargetHolder(self)
        switch opening {
        case .interface(let interface, let path):
            return try await interface.openPort(.byDriver(path, holder))
        case .name(let name, let path):
            return try await device.environment.interfaces.openPort(
                named: name, .byDriver(path, holder))
        case .file(let file): return file
        }
    }

    private func requireRemote() {
        contract(kind == .remote, "T-1: \(name) is open for as long as its device is there")
    }
}

/// What a remote target keeps to be opened again, and its driver's say in the other device's
/// removal.
struct RemoteOpening: Sendable {
    enum Parameters: Sendable {
        case interface(DeviceInterface, path: String)
        case name(String, path: String)
        case file(any FilePort)
    }

    var last: Parameters?
    /// Counts openings: a device that this target has left is not asked about the next.
    var number: UInt64 = 0
    var isOpening = false
    var isGivenUp = false
    var queryRemove: (@Sendable (IOTarget) async throws(DeviceError) -> Void)?
    var removeCanceled: (@Sendable (IOTarget) async -> Void)?
    var removeComplete: (@Sendable (IOTarget) async -> Void)?

    var name: String? {
        switch last {
        case .interface(let interface, _): interface.deviceName
        case .name(let name, _): name
        case .file, nil: nil
        }
    }
}

/// A remote target as the device sees it that it has open.
private final class TargetHolder: FileHolder {
    private let target: IOTarget
    /// The opening that it stands for.
    private let number: UInt64

    init(_ target: IOTarget) {
        self.target = target
        number = target.storage.value.remote.number
    }

    func queryRemove() async throws(DeviceError) {
        let refusal = await inScope { [number] target in
            target.isStill(number) ? await target.answerQueryRemove(number) : nil
        }
        if let refusal = refusal ?? nil { throw refusal }
    }

    func removeCanceled() async {
        await inScope { [number] target in
            if target.isStill(number) { await target.noticeRemoveCanceled() }
        }
    }

    func removeComplete() async {
        await inScope { [number] target in
            if target.isStill(number) { await target.noticeRemoveComplete(number) }
        }
    }

    /// The driver's handlers run on its own device's scope; `nil` when its loop has ended.
    @discardableResult
    private func inScope<Answer: Sendable>(
        _ body: @escaping @Sendable (IOTarget) async -> Answer
    ) async -> Answer? {
        await target.device.loop.wait(ifEnded: nil) { [target] answer in
            target.device.scope.task { answer.resume(returning: await body(target)) }
        }
    }
}

extension FileOpening {
    fileprivate static func byDriver(_ path: String, _ holder: TargetHolder) -> FileOpening {
        var opening = FileOpening(path: path, holder: holder)
        opening.isOfDriver = true
        return opening
    }
}

extension IOTarget {
    /// T-6: the driver closes or vetoes; without a handler the target closes.
    fileprivate func answerQueryRemove(_ number: UInt64) async -> DeviceError? {
        guard let handler = storage.value.remote.queryRemove else {
            await closeForQueryRemove()
            return nil
        }
        do throws(DeviceError) {
            try await device.environment.verifier.pass(around: FailPoint.targetQuery) {
                () throws(DeviceError) in try await handler(self)
            }
        } catch { return error }
        contract(
            !isStill(number) || [.closed, .closedForQueryRemove, .deleted].contains(state),
            "T-6: a handler of queryRemove neither closed \(name) nor threw: call"
                + " closeForQueryRemove() to agree")
        return nil
    }

    /// T-6: without a handler the target is reopened.
    fileprivate func noticeRemoveCanceled() async {
        if let handler = storage.value.remote.removeCanceled { return await handler(self) }
        guard state == .closedForQueryRemove else { return }
        do throws(DeviceError) { try await reopen() } catch {
            device.report("T-6: \(name) could not be reopened: \(error)")
        }
    }

    /// T-6: whatever the handler does, the target is closed afterwards.
    fileprivate func noticeRemoveComplete(_ number: UInt64) async {
        await storage.value.remote.removeComplete?(self)
        if isStill(number) { await close() }
    }

    /// Whether it has not been opened again since, nor deleted, and its driver with it.
    fileprivate func isStill(_ number: UInt64) -> Bool {
        if device.loop.isPlanted(.staleHolder) { return true }
        return state != .deleted && storage.value.remote.number == number
    }
}
