/// Which requests go to a queue.
public struct RequestRoute: Hashable, Sendable {
    private enum Rule: Hashable {
        case read, write, deviceControl, code(ControlCode)
        case internalDeviceControl, internalCode(ControlCode), other
    }
    private let rule: Rule

    /// Reads.
    public static let read = RequestRoute(rule: .read)
    /// Writes.
    public static let write = RequestRoute(rule: .write)
    /// Device controls for whose code no other queue is.
    public static let deviceControl = RequestRoute(rule: .deviceControl)
    /// Device controls of one code.
    public static func deviceControl(_ code: ControlCode) -> RequestRoute {
        RequestRoute(rule: .code(code))
    }
    /// Internal device controls for whose code no other queue is.
    public static let internalDeviceControl = RequestRoute(rule: .internalDeviceControl)
    /// Internal device controls of one code.
    public static func internalDeviceControl(_ code: ControlCode) -> RequestRoute {
        RequestRoute(rule: .internalCode(code))
    }
    /// Whatever no other queue is for: the queue is the device's default queue.
    public static let other = RequestRoute(rule: .other)

    /// The routes that a request of `kind` may take, the most specific first.
    static func candidates(
        for kind: RequestKind
    ) -> (RequestRoute, RequestRoute, RequestRoute) {
        switch kind {
        case .read: (.read, .read, .other)
        case .write: (.write, .write, .other)
        case .deviceControl(let code): (.deviceControl(code), .deviceControl, .other)
        case .internalDeviceControl(let code):
            (.internalDeviceControl(code), .internalDeviceControl, .other)
        }
    }
}

/// Where a device's requests go.
struct QueueRoutes {
    private var entries: [(route: RequestRoute, queue: RequestQueue)] = []

    /// Lets each of `routes` lead to `queue`. Two queues for one route trap: the driver contradicts
    /// itself.
    mutating func add(_ routes: [RequestRoute], to queue: RequestQueue) {
        for route in routes {
            contract(
                self[route] == nil,
                route == .other
                    ? "Q-2: \(queue.device.name) has two queues for `other`: keep one"
                    : "Q-3: \(queue.device.name) has two queues for one kind of request: keep one"
                        + " handler of each")
            entries.append((route, queue))
        }
        if !routes.isEmpty { queue.state.value.isBound = true }
    }

    /// The queue for a request of `kind`; `nil` when there is none.
    func queue(for kind: RequestKind) -> RequestQueue? {
        let (first, second, third) = RequestRoute.candidates(for: kind)
        return self[first] ?? self[second] ?? self[third]
    }

    private subscript(route: RequestRoute) -> RequestQueue? {
        for entry in entries where entry.route == route { return entry.queue }
        return nil
    }
}
