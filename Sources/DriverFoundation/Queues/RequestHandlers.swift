/// What a driver does with a request of one kind: runs on the device's scope, may await, and must
/// let go of the request before or after it returns.
public typealias RequestHandler<Driver: FunctionDriver> =
    @Sendable (isolated Driver, consuming Request) async -> Void

/// The handlers of one queue: one for each kind of request, and one for what is left.
struct RequestHandlers<Driver: FunctionDriver>: Sendable {
    let read: RequestHandler<Driver>?
    let write: RequestHandler<Driver>?
    let deviceControl: RequestHandler<Driver>?
    let other: RequestHandler<Driver>?

    var routes: RequestRoutes {
        var routes: RequestRoutes = []
        if read != nil { routes.insert(.read) }
        if write != nil { routes.insert(.write) }
        if deviceControl != nil { routes.insert(.deviceControl) }
        return routes
    }

    /// Whether the queue takes what no queue has a handler for.
    var isDefault: Bool { other != nil }

    func handler(for kind: RequestKind) -> RequestHandler<Driver>? {
        switch kind {
        case .read: read ?? other
        case .write: write ?? other
        case .deviceControl: deviceControl ?? other
        }
    }
}

/// Which kinds of request go to a queue.
struct RequestRoutes: OptionSet, Sendable {
    let rawValue: UInt8
    static let read = RequestRoutes(rawValue: 1)
    static let write = RequestRoutes(rawValue: 2)
    static let deviceControl = RequestRoutes(rawValue: 4)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ kind: RequestKind) {
        switch kind {
        case .read: self = .read
        case .write: self = .write
        case .deviceControl: self = .deviceControl
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
        }
    }
}

extension FunctionDriver {
    /// One worker of a queue: isolated to the driver, so that calling a handler is no hop.
    func work(on queue: RequestQueue, _ handlers: RequestHandlers<Self>) async {
        var isFirst = true
        while let core = await queue.nextForWorker(isFirst: isFirst) {
            isFirst = false
            let request = Request(core)
            guard let handler = handlers.handler(for: request.kind) else {
                request.fail(DeviceError.invalidRequest)
                continue
            }
            queue.device.loop.note(request.kind.activity)
            await handler(self, request)
        }
    }
}
