/// Work that a driver asks for now and does later, on its scope (L-4).
///
/// Asked for again while it is queued, it runs once; asked for while it runs, it runs once more
/// afterwards. It is deleted with its device, or by ``DriverObject/delete()``: a queued call is
/// taken back then, a running one awaited.
///
/// Threading: the device's loop.
public final class WorkItem: Sendable {
    /// Its place in the device's tree.
    public let object: DriverObject
    private let worker: CallbackWorker

    init(_ object: DriverObject, _ worker: CallbackWorker) {
        self.object = object
        self.worker = worker
    }

    /// Queues a call; `false` when one is queued already, or it was deleted.
    @discardableResult
    public func enqueue() -> Bool { worker.enqueue() }

    /// Returns when every call that was queued before has returned. Traps when called from inside
    /// the callback.
    public func flush() async { await worker.flush("L-4") }
}

/// A call that is put off until the code that asks for it has returned (L-5): what WDF's deferred
/// procedure calls are to interrupts.
///
/// The same as a ``WorkItem``, but its handler cannot wait: it runs in one go, before anything else
/// in the driver's scope can see half of it.
///
/// Threading: the device's loop.
public final class DeferredCall: Sendable {
    /// Its place in the device's tree.
    public let object: DriverObject
    private let worker: CallbackWorker

    init(_ object: DriverObject, _ worker: CallbackWorker) {
        self.object = object
        self.worker = worker
    }

    /// Queues a call; `false` when one is queued already, or it was deleted.
    @discardableResult
    public func enqueue() -> Bool { worker.enqueue() }

    /// Takes a queued call back; `false` when none was queued.
    @discardableResult
    public func cancel() -> Bool { worker.cancel() }
}

extension Device {
    /// Makes a work item. `name` is for reports.
    ///
    /// Errors: `.invalidDeviceState` once the device is being disposed of (OBJ-4).
    public func workItem<Driver: DriverActor>(
        _ name: String = "", for driver: isolated Driver,
        _ handler: @escaping @Sendable (isolated Driver) async -> Void
    ) throws(DeviceError) -> WorkItem {
        try environment.verifier.pass(.workItem)
        let worker = callbackWorker("work item \(name)", for: driver, handler)
        return WorkItem(try own("work item", name, worker, "L-4"), worker)
    }

    /// Makes a deferred call. `name` is for reports.
    ///
    /// Errors: `.invalidDeviceState` once the device is being disposed of (OBJ-4).
    public func deferredCall<Driver: DriverActor>(
        _ name: String = "", for driver: isolated Driver,
        _ handler: @escaping @Sendable (isolated Driver) -> Void
    ) throws(DeviceError) -> DeferredCall {
        try environment.verifier.pass(.deferredCall)
        let worker = callbackWorker("deferred call \(name)", for: driver) { handler($0) }
        return DeferredCall(try own("deferred call", name, worker, "L-5"), worker)
    }

    /// An object of the device's that ends a worker with itself.
    func own(
        _ kind: String, _ name: String, _ worker: CallbackWorker, _ row: String
    ) throws(DeviceError) -> DriverObject {
        try object.add(kind, name, isFrameworkOwned: false, cleanup: { await worker.end(row) })
    }
}
