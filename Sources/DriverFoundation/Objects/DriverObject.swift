/// An object of a device's tree (OBJ-2): owned by its parent, cleaned up before it, and with it
/// deleted.
///
/// The device is the root; its timers, work items, deferred calls and interrupt sources are
/// objects, and a driver may hang its own below any of them. A reference keeps an object from being
/// destroyed, never from being cleaned up (OBJ-8).
///
/// Disposal has two phases (OBJ-3): first the cleanups, all descendants' before the object's own,
/// children in the order in which they were made; then the deletion, which lets the references go.
/// What `deinit` is to Swift, `destroy` is here: it comes last, and contexts go after it.
///
/// Threading: `kind` and `name` anywhere, everything else on the device's loop; cleanups run on the
/// device's scope.
public final class DriverObject: Sendable {
    typealias Cleanup = @Sendable () async -> Void

    private struct State {
        var life = ObjectMachine.State.created
        weak var parent: DriverObject?
        var children: [DriverObject] = []
        var contexts: [(type: ObjectIdentifier, value: any Sendable)] = []
        var cleanups: [Cleanup] = []
        var waiters: [Resumption<Void>] = []
        // Whether this object's own pass has been begun by somebody.
        var isRunning = false
    }

    /// What sort of thing it is, for reports: "timer".
    public let kind: String
    /// What reports call it.
    public let name: String
    let scope: Scope
    let ledger: ObjectLedger
    let number: UInt64
    private let isFrameworkOwned: Bool
    private let destroy: (@Sendable () -> Void)?
    private let state: LoopConfined<State>

    /// Makes the root of a device's tree.
    init(rootOf device: String, on scope: Scope, in ledger: ObjectLedger) {
        kind = "device"
        name = device
        self.scope = scope
        self.ledger = ledger
        isFrameworkOwned = true
        destroy = nil
        state = LoopConfined(on: scope.loop, State())
        number = ledger.add("device", device, root: nil)
    }

    private init(
        _ kind: String, _ name: String, below parent: DriverObject, isFrameworkOwned: Bool,
        cleanup: [Cleanup], destroy: (@Sendable () -> Void)?
    ) {
        self.kind = kind
        self.name = name
        scope = parent.scope
        ledger = parent.ledger
        self.isFrameworkOwned = isFrameworkOwned
        self.destroy = destroy
        state = LoopConfined(on: scope.loop, State(parent: parent, cleanups: cleanup))
        number = ledger.add(kind, name, root: parent.root.number)
    }

    deinit {
        destroy?()
        ledger.remove(number)
    }

    // MARK: The tree

    /// Makes an object below this one (OBJ-2, OBJ-12): at the end of its children.
    ///
    /// `cleanup` is called once, on the device's scope, after every descendant's; `destroy` when
    /// the last reference goes, on whatever thread that is. The parent cannot be changed later.
    /// Errors: `.invalidDeviceState` once this object is being disposed of (OBJ-4).
    public func child(
        _ name: String, cleanup: (@Sendable () async -> Void)? = nil,
        destroy: (@Sendable () -> Void)? = nil
    ) throws(DeviceError) -> DriverObject {
        try add("object", name, isFrameworkOwned: false, cleanup: cleanup, destroy: destroy)
    }

    /// The same for what the framework makes; `isFrameworkOwned` objects cannot be deleted (OBJ-9).
    func add(
        _ kind: String, _ name: String, isFrameworkOwned: Bool,
        cleanup: (@Sendable () async -> Void)? = nil, destroy: (@Sendable () -> Void)? = nil
    ) throws(DeviceError) -> DriverObject {
        guard state.value.life == .created else {
            throw DeviceError(
                .invalidDeviceState,
                "OBJ-4: \(self) is being deleted: \(kind) \(name) cannot be added to it.")
        }
        let child = DriverObject(
            kind, name, below: self, isFrameworkOwned: isFrameworkOwned,
            cleanup: cleanup.map { [$0] } ?? [], destroy: destroy)
        state.value.children.append(child)
        return child
    }

    /// The object that owns this one; `nil` for a device, and once it was deleted.
    public var parent: DriverObject? { state.value.parent }

    /// What it owns, oldest first.
    public var children: [DriverObject] { state.value.children }

    /// Whether it was deleted or is about to be: nothing can be added to it (OBJ-4).
    public var isDisposing: Bool { state.value.life != .created }

    private var root: DriverObject {
        var object = self
        while let parent = object.state.value.parent { object = parent }
        return object
    }

    // MARK: Contexts

    /// The context of a type; `nil` when it was never added (OBJ-6).
    public func context<Context: Sendable>(of type: Context.Type) -> Context? {
        let id = ObjectIdentifier(type)
        return state.value.contexts.first { $0.type == id }?.value as? Context
    }

    /// Adds a context, one for each type (OBJ-6); when there is one of this type already, that is
    /// returned and `make` is not called. `make` gets the object, to keep it unowned (OBJ-10).
    ///
    /// `cleanup` runs with the object's own, after those that were given earlier. The context is
    /// freed after `destroy`.
    @discardableResult
    public func addContext<Context: Sendable>(
        cleanup: (@Sendable (Context) async -> Void)? = nil, _ make: (DriverObject) -> Context
    ) -> Context {
        if let present = context(of: Context.self) { return present }
        let context = make(self)
        state.value.contexts.append((ObjectIdentifier(Context.self), context))
        if let cleanup { state.value.cleanups.append { await cleanup(context) } }
        return context
    }

    /// Frees the contexts of a device, whose destruction may be long in coming: whoever asks about
    /// it keeps it.
    func freeContexts() {
        // Taken out first: what goes may look at the object.
        let contexts = state.value.contexts
        state.value.contexts = []
        _ = consume contexts
    }

    // MARK: Disposal

    /// Deletes the object with everything below it (OBJ-2): at once nothing can be added to any of
    /// them, then the cleanups run on the device's scope, as one pass (OBJ-5).
    ///
    /// Allowed anywhere on the loop, cleanups included; ``deleted()`` waits for the end.
    /// Errors: `.invalidRequest` for what the framework owns (OBJ-9); `.invalidDeviceState` the
    /// second time (OBJ-4).
    public func delete() throws(DeviceError) {
        guard !isFrameworkOwned else {
            throw DeviceError(
                .invalidRequest, "OBJ-9: \(self) is the framework's: it goes with its device.")
        }
        try post(.delete)
    }

    /// Returns when the object, and all below it, were cleaned up: at once when that is over.
    ///
    /// Not from inside one of the cleanups.
    public func deleted() async {
        await Resumption.wait { waiter in
            switch state.value.life {
            case .created, .disposing: state.value.waiters.append(waiter)
            case .disposed, .waitingForParent, .deleted: waiter.resume()
            }
        }
    }

    /// Cleans the subtree up ahead of its deletion, and returns when that is done.
    func disposeEarly() async {
        try? post(.dispose)
        await deleted()
    }

    /// Deletes what is the framework's.
    func drop() { try? post(.delete) }

    private func post(_ event: ObjectMachine.Event) throws(DeviceError) {
        let step = ObjectMachine.reduce(state.value.life, event)
        guard let step else { fatalError("\(self): \(event) must not come in \(state.value.life)") }
        switch step {
        case .go(let life, let effects):
            state.value.life = life
            for effect in effects { perform(effect) }
        case .stay(let effects):
            guard effects.isEmpty else {
                throw DeviceError(.invalidDeviceState, "OBJ-4: \(self) was deleted already.")
            }
        case .later: break
        }
    }

    private func perform(_ effect: ObjectMachine.Effect) {
        switch effect {
        case .markChildren:
            for child in state.value.children { try? child.post(.parentDisposes) }
        case .runDisposal:
            state.value.isRunning = true
            scope.task { [self] in await dispose() }
        case .drop: leaveTree()
        case .refuse: break
        }
    }

    /// OBJ-3: all descendants before the object itself, children head to tail.
    private func dispose() async {
        // Nothing can be added any more; what is deleted meanwhile takes itself out.
        for child in state.value.children { await child.disposeWithParent() }
        for cleanup in state.value.cleanups { await cleanup() }
        state.value.cleanups = []
        try? post(.cleanedUp)
        let waiters = state.value.waiters
        state.value.waiters = []
        for waiter in waiters { waiter.resume() }
    }

    private func disposeWithParent() async {
        if state.value.isRunning { return await deleted() }
        state.value.isRunning = true
        await dispose()
    }

    private func leaveTree() {
        let children = state.value.children
        state.value.children = []
        for child in children { try? child.post(.parentDeleted) }
        let parent = state.value.parent
        state.value.parent = nil
        parent?.state.value.children.removeAll { $0 === self }
    }
}

extension DriverObject: CustomStringConvertible {
    /// Kind and name.
    public var description: String { "\(kind) \(name)" }
}
