/// What a driver does with a request of one kind: runs on the device's scope, may await, and must
/// let go of the request before or after it returns.
public typealias RequestHandler<Driver: DriverActor> =
    @Sendable (isolated Driver, consuming Request) async -> Void

/// What a driver says about a request that it owns when its queue is stopped because the device
/// leaves D0 or goes. Runs on the device's scope, may await; the device waits.
public typealias StopHandler<Driver: DriverActor> =
    @Sendable (isolated Driver, RequestReference, StopReason) async -> StopAnswer

/// What a driver does about a request that it kept while its device was out of D0. Runs on
/// the device's scope before new requests are delivered, may await.
public typealias ResumeHandler<Driver: DriverActor> =
    @Sendable (isolated Driver, RequestReference) async -> Void

/// The handlers of one queue: one for each kind of request, and one for what is left.
struct RequestHandlers<Driver: DriverActor>: Sendable {
    /// A handler alone in a structure: an optional function would be wrapped anew, with an
    /// allocation, whenever it is taken out.
    struct Handler: Sendable {
        let call: RequestHandler<Driver>
    }
    private let read: Handler?
    private let write: Handler?
    private let deviceControl: Handler?
    private let internalDeviceControl: Handler?
    private let other: Handler?

    init(
        read: RequestHandler<Driver>?, write: RequestHandler<Driver>?,
        deviceControl: RequestHandler<Driver>?, internalDeviceControl: RequestHandler<Driver>?,
        other: RequestHandler<Driver>?
    ) {
        self.read = read.map(Handler.init)
        self.write = write.map(Handler.init)
        self.deviceControl = deviceControl.map(Handler.init)
        self.internalDeviceControl = internalDeviceControl.map(Handler.init)
        self.other = other.map(Handler.init)
    }

    /// The kinds for which there is a handler.
    var routes: [RequestRoute] {
        var routes: [RequestRoute] = []
        if read != nil { routes.append(.read) }
        if write != nil { routes.append(.write) }
        if deviceControl != nil { routes.append(.deviceControl) }
        if internalDeviceControl != nil { routes.append(.internalDeviceControl) }
        if other != nil { routes.append(.other) }
        return routes
    }

    func handler(for kind: RequestKind) -> Handler? {
        switch kind {
        case .read: read ?? other
        case .write: write ?? other
        case .deviceControl: deviceControl ?? other
        case .internalDeviceControl: internalDeviceControl ?? other
        }
    }
}

extension RequestKind {
    /// What the loop's watch calls the handler.
    fileprivate var activity: StaticString {
        switch self {
        case .read: "the handler of a read"
        case .write: "the handler of a write"
        case .deviceControl: "the handler of a device control"
        case .internalDeviceControl: "the handler of an internal device control"
        }
    }
}

extension DriverActor {
    /// One worker of a queue: isolated to the driver, so that calling a handler is no hop.
    func work(on queue: RequestQueue, _ handlers: RequestHandlers<Self>) async {
        queue.workerBegan()
        defer { queue.workerEnded() }
        while let core = await queue.nextForWorker() {
            let request = Request(core)
            guard let handler = handlers.handler(for: request.kind) else {
                request.fail(DeviceError.invalidRequest)
                continue
            }
            queue.device.loop.note(request.kind.activity)
            await handler.call(self, request)
        }
    }
}
