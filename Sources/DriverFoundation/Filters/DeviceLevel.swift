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
        var routes = QueueRoutes()
        var offers = LevelOffers()
        weak var below: DeviceLevel?
        var lowerTarget: IOTarget?
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

    /// Makes a manual queue of a filter: the driver draws from it with ``RequestQueue/next()``. Not
    /// power-managed unless it says so (FL-1); otherwise as of a ``Device``.
    public func queue(
        _ dispatch: QueueDispatch, name: String? = nil, isPowerManaged: Bool = false,
        taking routes: [RequestRoute] = []
    ) -> RequestQueue {
        contract(
            dispatch == .manual, "Q-1: a \(dispatch) queue needs a handler: use queue(_:for:…)")
        return device.add(
            RequestQueue(dispatch, name: name, isPowerManaged: isPowerManaged, of: device), routes,
            at: self)
    }

    /// Makes a queue that hands requests to the filter's handlers; kinds without a handler go on to
    /// the next lower level as they are. Not power-managed unless it says so (FL-1); otherwise as
    /// of a ``Device``.
    @discardableResult
    public func queue<Driver: FilterDriver>(
        _ dispatch: QueueDispatch, name: String? = nil, isPowerManaged: Bool = false,
        taking routes: [RequestRoute] = [], for driver: isolated Driver,
        read: RequestHandler<Driver>? = nil, write: RequestHandler<Driver>? = nil,
        deviceControl: RequestHandler<Driver>? = nil,
        internalDeviceControl: RequestHandler<Driver>? = nil, other: RequestHandler<Driver>? = nil,
        stop: StopHandler<Driver>? = nil, resume: ResumeHandler<Driver>? = nil
    ) -> RequestQueue {
        device.makeQueue(
            RequestQueue(dispatch, name: name, isPowerManaged: isPowerManaged, of: device),
            taking: routes, at: self, for: driver,
            RequestHandlers(
                read: read, write: write, deviceControl: deviceControl,
                internalDeviceControl: internalDeviceControl, other: other),
            stop: stop, resume: resume)
    }

    /// Has the filter told of each open of its device, before the drivers below it; they are told
    /// all the same (FL-1). As of ``Device/files(for:create:cleanup:close:)``: who throws from
    /// `create` refuses the open.
    public func files<Driver: FilterDriver>(
        for driver: isolated Driver, create: FileCreateHandler<Driver>? = nil,
        cleanup: FileHandler<Driver>? = nil, close: FileHandler<Driver>? = nil
    ) {
        device.state.value.fileAccess.set(
            FileHandlers(for: driver, create, cleanup, close), of: self)
    }

    /// Sends these requests to `queue` from now on.
    func route(_ routes: [RequestRoute], to queue: RequestQueue) {
        state.value.routes.add(routes, to: queue)
    }

    /// The queue that a request of this kind gets to from here: this level's, or the first one's
    /// below that filters let it come to.
    func queue(for kind: RequestKind) -> RequestQueue? {
        if let own = state.value.routes.queue(for: kind) { return own }
        return position == .function ? nil : queueBelow(for: kind)
    }

    /// The queue that a request gets to when the driver of this level sends it on; at the bottom
    /// that is the one in which the bus driver takes its children's requests.
    func queueBelow(for kind: RequestKind) -> RequestQueue? {
        if let below = state.value.below { return below.queue(for: kind) }
        return device.parentQueue
    }

    /// The next lower level: what the driver of this one sends requests to (FL-2).
    public var lowerTarget: IOTarget {
        if let target = state.value.lowerTarget { return target }
        let target = device.localTarget { [unowned self] core in
            device.route(core, to: queueBelow(for: core.state.value.kind))
        }
        state.value.lowerTarget = target
        return target
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
        state.value.routes = QueueRoutes()
        state.value.lowerTarget = nil
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
