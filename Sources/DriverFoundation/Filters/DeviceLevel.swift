/// One driver's place in a device's stack, with what it has there: queues, and what it offers to
/// the drivers above it (FL-1, FL-3).
///
/// Requests of programs come in at the top and go down to the first level that has a queue for
/// their kind. A filter passes on what it has no queue for; the function driver refuses it,
/// and what that driver sends further down meets the lower filters, then the bus driver.
///
/// Threading: its device's scope.
public final class DeviceLevel: Sendable {
    /// Where a driver stands.
    public enum Position: Sendable, Hashable, CaseIterable {
        /// Above the function driver.
        case upperFilter
        /// The driver that knows the device.
        case function
        /// Below the function driver.
        case lowerFilter
    }

    /// The device of whose stack it is a part.
    public let device: Device
    /// Where it stands.
    public let position: Position
    private let state: LoopConfined<State>

    private struct State {
        var filter: (any FilterDriver)?
        var routes: [(RequestRoutes, RequestQueue)] = []
        var defaultQueue: RequestQueue?
        var offers = LevelOffers()
        weak var below: DeviceLevel?
    }

    init(_ position: Position, of device: Device, above below: DeviceLevel? = nil) {
        self.position = position
        self.device = device
        state = LoopConfined(on: device.loop, State(below: below))
    }

    /// The filter's driver, once it has been added.
    var filter: (any FilterDriver)? {
        get { state.value.filter }
        set { state.value.filter = newValue }
    }

    /// The next lower level; `nil` for the lowest, under which the bus driver is.
    var below: DeviceLevel? {
        get { state.value.below }
        set { state.value.below = newValue }
    }

    // MARK: Queues

    /// Makes a manual queue of a filter: requests are forwarded to it, and drawn with
    /// ``RequestQueue/next()``. Not power-managed unless it says so (FL-1).
    public func queue(_ dispatch: QueueDispatch, isPowerManaged: Bool = false) -> RequestQueue {
        device.queue(dispatch, isPowerManaged: isPowerManaged)
    }

    /// Makes a queue that hands requests to the filter's handlers; kinds without a handler go on to
    /// the next lower level as they are. Not power-managed unless it says so (FL-1).
    @discardableResult
    public func queue<Driver: FilterDriver>(
        _ dispatch: QueueDispatch, isPowerManaged: Bool = false, for driver: isolated Driver,
        read: RequestHandler<Driver>? = nil, write: RequestHandler<Driver>? = nil,
        deviceControl: RequestHandler<Driver>? = nil, other: RequestHandler<Driver>? = nil
    ) -> RequestQueue {
        device.makeQueue(
            dispatch, isPowerManaged: isPowerManaged, at: self, for: driver,
            RequestHandlers(read: read, write: write, deviceControl: deviceControl, other: other))
    }

    /// Sends these kinds of requests to `queue` from now on.
    func route(_ routes: RequestRoutes, isDefault: Bool, to queue: RequestQueue) {
        contract(
            !isDefault || state.value.defaultQueue == nil,
            "Q-2: \(device.name) has two queues with a handler for `other`: keep one")
        for (others, _) in state.value.routes {
            contract(
                routes.isDisjoint(with: others),
                "Q-3: \(device.name) has two queues for one kind of request: keep one handler of"
                    + " each")
        }
        state.value.routes.append((routes, queue))
        if isDefault { state.value.defaultQueue = queue }
    }

    /// The queue that a request of this kind gets to from here: this level's, or the first one's
    /// below that filters let it come to.
    func queue(for kind: RequestKind) -> RequestQueue? {
        let routes = RequestRoutes(kind)
        let own = state.value.routes.first { $0.0.contains(routes) }?.1 ?? state.value.defaultQueue
        if let own { return own }
        return position == .function ? nil : queueBelow(for: kind)
    }

    /// The queue that a request gets to when the driver of this level sends it on; at the bottom
    /// that is the one in which the bus driver takes its children's requests.
    func queueBelow(for kind: RequestKind) -> RequestQueue? {
        if let below = state.value.below { return below.queue(for: kind) }
        return device.state.value.family.parentQueue
    }

    // MARK: Interfaces between levels

    /// Offers `value` to the drivers above this one, under a protocol that both know (B-11).
    public func offer<Interface: Sendable>(
        _ value: Interface, as type: Interface.Type = Interface.self
    ) {
        state.value.offers.add(value, as: type)
    }

    /// What a driver below this one offers under this protocol, the nearest first, and at last the
    /// bus driver (B-11).
    public func lookUp<Interface>(_ type: Interface.Type) -> Interface? {
        var level = below
        while let present = level {
            if let value = present.state.value.offers.find(type) { return value }
            level = present.below
        }
        return device.state.value.family.offers.find(type)
    }

    /// Lets go of the driver and its queues.
    func clear() -> (any FilterDriver)? {
        state.value.routes = []
        state.value.defaultQueue = nil
        state.value.offers = LevelOffers()
        return state.value.filter.take()
    }
}

/// What one level offers to those above it: one value for each protocol.
struct LevelOffers: Sendable {
    private var values: [(type: ObjectIdentifier, value: any Sendable)] = []

    mutating func add<Interface: Sendable>(_ value: Interface, as type: Interface.Type) {
        values.removeAll { $0.type == ObjectIdentifier(type) }
        values.append((ObjectIdentifier(type), value))
    }

    func find<Interface>(_ type: Interface.Type) -> Interface? {
        values.first { $0.type == ObjectIdentifier(type) }?.value as? Interface
    }
}
