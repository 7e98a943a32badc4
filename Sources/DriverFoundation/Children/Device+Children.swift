/// A list of children, whatever tells them apart.
protocol ChildSource: AnyObject, Sendable {
    /// Whether no child of it has a device, or is being made.
    var isEmpty: Bool { get }
    /// Whether its driver looks for children.
    var scans: Bool { get }
    /// Has the driver look for children (B-4).
    func scan() async
    /// The parent begins or ends to enumerate.
    func parentChanged()
    /// The parent goes: all are missing.
    func missAll(isSurprise: Bool)
}

/// A device's place among devices: its children, and its terms with its parent.
struct FamilyState {
    let terms: ChildDevice.Terms
    var lists: [any ChildSource] = []
    /// Those that have not come to their end, oldest first.
    var children: [Device] = []
    var isEnumerating = false
    var childlessWaiters: [Resumption<Void>] = []
    var ended: (@Sendable (_ isMadeAnew: Bool) -> Void)?
    var parentPower: PowerReference?
    var related: [Device] = []
    var removalVetoes = 0
    var isNotDisableable = false
    var releasesAfterDescendants = false
    var staticList: ChildList<StaticChild, ChildDevice>?
    var lastStaticChild = 0

    init(_ node: DeviceNode) { terms = node.child }

    var parentQueue: RequestQueue? { terms.parentQueue }
    var offers: LevelOffers { terms.offers }
}

/// Tells static children apart (B-6).
struct StaticChild: Hashable, Sendable { let number: Int }

extension Device {
    /// The devices of its children that have not come to their end, oldest first.
    public var children: [Device] { state.value.family.children }

    /// Makes a list of children that are found again and again (B-1). In `init` of the driver.
    ///
    /// - Parameters:
    ///   - create: Makes a child's description, once for each child; throw `.tryAgain` to be asked
    ///     again, three times at most; after another error the child has no device until it is
    ///     reported again (B-3).
    ///   - scan: Looks for children, at each entry of D0 (B-4).
    ///   - reenumerated: Whether a child whose device has failed, or that is reported again while
    ///     an earlier device of it still goes, gets a new one (B-2, PNP-18); it does by default.
    ///   - reportedMissing: Called before the device of a missing child is removed (CB-9).
    public func childList<Identification: Hashable & Sendable, Address: Sendable, Driver>(
        of identification: Identification.Type, at address: Address.Type,
        for driver: isolated Driver,
        scan: (@Sendable (isolated Driver) async -> Void)? = nil,
        reenumerated: (@Sendable (isolated Driver, Identification) async -> Bool)? = nil,
        reportedMissing: (@Sendable (isolated Driver, Identification) async -> Void)? = nil,
        create:
            @escaping @Sendable (isolated Driver, Identification, Address) async throws(DeviceError)
            -> ChildDevice
    ) -> ChildList<Identification, Address> where Driver: FunctionDriver {
        var handlers = ChildList<Identification, Address>.Handlers(
            create: { [weak driver] identification, address throws(DeviceError) in
                guard let driver else { throw DeviceError.removed }
                return try await create(driver, identification, address)
            })
        if let scan { handlers.scan = { [weak driver] in if let driver { await scan(driver) } } }
        if let reenumerated {
            handlers.reenumerated = { [weak driver] identification in
                guard let driver else { return false }
                return await reenumerated(driver, identification)
            }
        }
        if let reportedMissing {
            handlers.reportedMissing = { [weak driver] identification in
                if let driver { await reportedMissing(driver, identification) }
            }
        }
        let list = ChildList(of: self, handlers)
        state.value.family.lists.append(list)
        return list
    }

    /// The same for children that are told by their identification alone.
    public func childList<Identification: Hashable & Sendable, Driver: FunctionDriver>(
        of identification: Identification.Type, for driver: isolated Driver,
        scan: (@Sendable (isolated Driver) async -> Void)? = nil,
        create:
            @escaping @Sendable (isolated Driver, Identification) async throws(DeviceError) ->
            ChildDevice
    ) -> ChildList<Identification, Void> {
        childList(of: identification, at: Void.self, for: driver, scan: scan) {
            driver, identification, _ throws(DeviceError) in
            try await create(driver, identification)
        }
    }

    /// Adds a child that is there until it is reported missing, without a scan (B-6).
    public func addStaticChild(_ child: ChildDevice) {
        let list = staticList
        state.value.family.lastStaticChild += 1
        list.addOrUpdate(StaticChild(number: state.value.family.lastStaticChild), at: child)
    }

    /// Calls `body` with each static child; what is added or missing meanwhile waits (B-6).
    public func forEachStaticChild<Failure: Error>(
        _ body: (ChildDevice, Device?) async throws(Failure) -> Void
    ) async throws(Failure) {
        try await staticList.forEach([.present, .pending]) { child throws(Failure) in
            try await body(child.address, child.device)
        }
    }

    /// Reports the static child missing whose instance id this is (B-6).
    /// - Returns: whether there was one.
    @discardableResult
    public func markStaticChildMissing(_ instanceID: String) -> Bool {
        staticList.updateMissing { $0.identity.instanceID == instanceID }
    }

    private var staticList: ChildList<StaticChild, ChildDevice> {
        if let list = state.value.family.staticList { return list }
        let list = ChildList<StaticChild, ChildDevice>(
            of: self, ChildList.Handlers(create: { _, child in child }))
        state.value.family.staticList = list
        state.value.family.lists.append(list)
        return list
    }

    /// The parent's queue that takes this device's requests, if the bus driver has settled on one
    ///
    public var parentQueue: RequestQueue? { state.value.family.parentQueue }

    // MARK: For lists

    /// Whether children are made: from the end of the start to the beginning of the end.
    var isEnumerating: Bool { state.value.family.isEnumerating }

    // MARK: For the machines

    /// The start is complete: what was reported gets its devices.
    func beginEnumerating() {
        state.value.family.isEnumerating = true
        for list in state.value.family.lists { list.parentChanged() }
    }

    /// The hardware is given back for a while (PNP-9): what is reported waits for the next start.
    func endEnumerating() { state.value.family.isEnumerating = false }

    /// Whether anything is to look for children.
    var scansForChildren: Bool { state.value.family.lists.contains { $0.scans } }

    /// B-4: at each entry of D0, before the queues are on.
    func scanForChildren() async {
        for list in state.value.family.lists { await list.scan() }
    }

    /// Removes all children and returns when they have come to their end (chart P16).
    func removeChildren(isSurprise: Bool) async {
        state.value.family.isEnumerating = false
        for list in state.value.family.lists { list.missAll(isSurprise: isSurprise) }
        await Resumption.wait { childless in
            if isChildless { return childless.resume() }
            state.value.family.childlessWaiters.append(childless)
        }
    }

    /// The device is gone, and its children with it: all at once, then each in its own time.
    func missChildren() {
        state.value.family.isEnumerating = false
        for list in state.value.family.lists { list.missAll(isSurprise: true) }
        for child in state.value.family.children { child.reportedMissing() }
    }

    /// B-8: a child that has started is surprise-removed, another removed.
    func reportedMissing() {
        switch state.value.pnp.state {
        case .created, .addingDevice, .initialized, .failed:
            state.value.isGone = true
            missChildren()
            if state.value.isRemoving { return }
            state.value.isRemoving = true
            post(PnPMachine.Event.remove)
        default:
            if !state.value.isGone { departed() }
        }
    }
}
