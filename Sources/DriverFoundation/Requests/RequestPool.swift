/// A device's requests that nobody uses, and how many are used.
struct RequestPool {
    /// How many unused ones are kept.
    private static let keepLimit = 64

    private var unused: [RequestCore] = []
    private(set) var used = 0
    // Counts the device's requests.
    private(set) var lastNumber: UInt64 = 0
    /// How many requests of clients the device takes at once.
    var limit = 4096

    fileprivate mutating func take() -> RequestCore? {
        used += 1
        return unused.popLast()
    }

    fileprivate mutating func give(back core: RequestCore) {
        used -= 1
        if unused.count < Self.keepLimit { unused.append(core) }
    }

    mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    /// Lets the unused ones go, and with them the device that they hold.
    mutating func empty() { unused = [] }
}

/// Requests that one queue has set aside.
struct RequestReserve {
    fileprivate var unused: [RequestCore] = []
    fileprivate var size = 0
    fileprivate var examine: @Sendable (RequestKind) -> Bool = { _ in true }
}

extension RequestQueue {
    /// Sets `count` requests aside, so that some of this queue get through when the device has
    /// none left: its clients have as many as ``Device/requestLimit`` allows.
    ///
    /// They are used only then, and only for requests that `isWorthy` agrees to; when they are in
    /// use as well, requests are refused with `.outOfMemory`. Once, in the driver's `init`.
    public func reserve(
        _ count: Int, for isWorthy: @escaping @Sendable (RequestKind) -> Bool = { _ in true }
    ) {
        contract(
            count > 0 && state.value.reserve.size == 0 && state.value.isBound,
            "Q-19: \(name) sets \(count) requests aside: only a queue to which clients' requests"
                + " lead can, once, and at least one")
        state.value.reserve.size = count
        state.value.reserve.examine = isWorthy
        state.value.reserve.unused = (0..<count).map { _ in RequestCore(of: device) }
    }

    /// How many of the requests set aside are not in use.
    public var reserveCount: Int { state.value.reserve.unused.count }

    fileprivate func takeReserve(for kind: RequestKind) -> RequestCore? {
        let isWorthy = state.value.reserve.examine
        guard isWorthy(kind), let core = state.value.reserve.unused.popLast()
        else { return nil }
        core.state.value.reserve = self
        return core
    }

    func emptyReserve() { state.value.reserve.unused = [] }
}

extension Device {
    /// How many requests clients may have on the device at once; more are refused with
    /// `.outOfMemory`, unless their queue has some set aside.
    public var requestLimit: Int {
        get { state.value.requestPool.limit }
        set { state.value.requestPool.limit = newValue }
    }

    /// A core for a client's request to `queue`; `nil` when there is none.
    func takeCore(for kind: RequestKind, to queue: RequestQueue?) -> RequestCore? {
        if state.value.requestPool.used < state.value.requestPool.limit,
            !loop.isPlanted(.requestAllocationFails)
        {
            return takeCore()
        }
        loop.reach(.requestsExhausted)
        return queue?.takeReserve(for: kind)
    }

    /// A core for what the framework or the driver asks for itself: within no limit.
    func takeCore() -> RequestCore {
        state.value.requestPool.take() ?? RequestCore(of: self)
    }

    /// Takes a completed request's core back.
    func reuse(_ core: RequestCore) {
        if let queue = core.state.value.reserve.take() {
            if !queue.state.value.isShutDown { queue.state.value.reserve.unused.append(core) }
        } else {
            state.value.requestPool.give(back: core)
        }
    }

    func nextRequestNumber() -> UInt64 { state.value.requestPool.nextNumber() }

    /// Makes a request of the driver's own: the driver owns it, may forward it to one of its
    /// queues, and is told how it ended.
    ///
    /// `completion` runs on the device's scope, in a turn of its own. When it is called the request
    /// is gone: there is nothing to reuse, and a new one costs no allocation.
    public func makeRequest(
        _ request: ClientRequest, completion: @escaping @Sendable (ClientReply) -> Void
    ) -> Request {
        contract(
            ClientRequest.capacities ~= request.outputCapacity,
            "R-8: a request takes 0…\(ClientRequest.capacities.upperBound) bytes back")
        let core = takeCore()
        core.begin(request, completion: completion)
        return Request(core)
    }
}
