/// The children that a bus driver has found, told by their identification (B-1, B-2).
///
/// The driver reports what it sees; the framework makes a device for what is new, and removes the
/// device of what is missing. Nothing is made before the parent has started or once it goes.
///
/// `Identification` is what a child is for as long as it is there; `Address` may change while it
/// is: where it is found now.
///
/// Threading: its device's scope.
public final class ChildList<Identification: Hashable & Sendable, Address: Sendable>: Sendable {
    /// What a bus driver does for its children.
    struct Handlers: Sendable {
        var create: @Sendable (Identification, Address) async throws(DeviceError) -> ChildDevice
        var scan: (@Sendable () async -> Void)?
        var reenumerated: (@Sendable (Identification) async -> Bool)?
        var reportedMissing: (@Sendable (Identification) async -> Void)?
    }

    private struct State {
        var table = ChildTable<Identification, Address>()
        var devices: [(token: UInt64, device: Device)] = []
        // A departure is no order: what goes with it goes at once.
        var isSurprise = true
    }

    private unowned let parent: Device
    private let handlers: Handlers
    private let state: LoopConfined<State>

    init(of parent: Device, _ handlers: Handlers) {
        self.parent = parent
        self.handlers = handlers
        state = LoopConfined(on: parent.loop, State())
    }

    // MARK: Reports

    /// Begins a scan: until the outermost scan ends, reports wait, and then what was not reported
    /// in it is missing (B-1).
    public func beginScan() { state.value.table.beginScan() }

    /// Ends a scan.
    public func endScan() {
        state.value.table.endScan()
        work()
    }

    /// Reports a child as present, at `address` from now on (B-1).
    /// - Returns: whether it was not known to be.
    @discardableResult
    public func addOrUpdate(_ identification: Identification, at address: Address) -> Bool {
        let isNew = state.value.table.report(identification, address)
        work()
        return isNew
    }

    /// Reports a child as present.
    /// - Returns: whether it was not known to be.
    @discardableResult
    public func add(_ identification: Identification) -> Bool where Address == Void {
        addOrUpdate(identification, at: ())
    }

    /// Reports a child as missing (B-5).
    /// - Returns: whether it was known to be present.
    @discardableResult
    public func updateMissing(_ identification: Identification) -> Bool {
        let isKnown = state.value.table.miss(identification)
        work()
        return isKnown
    }

    /// Reports the first child missing whose address is like that.
    func updateMissing(where isMissing: (Address) -> Bool) -> Bool {
        let entries = state.value.table.entries
        guard
            let entry = entries.first(where: {
                $0.state != .reportedMissing && isMissing($0.address)
            })
        else { return false }
        return updateMissing(entry.identification)
    }

    /// Reports all known children as present still: for a scan that cannot look (B-5).
    public func updateAllPresent() { state.value.table.reportAllPresent() }

    // MARK: Looking

    /// Which children to look at (B-5).
    public struct Inclusion: OptionSet, Sendable {
        /// The bits.
        public let rawValue: UInt8
        /// The inclusion of these bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Those that are present and have a device.
        public static var present: Inclusion { Inclusion(rawValue: 1) }
        /// Those that are missing and whose device has not come to its end.
        public static var missing: Inclusion { Inclusion(rawValue: 2) }
        /// Those that are present and wait for their device.
        public static var pending: Inclusion { Inclusion(rawValue: 4) }
    }

    /// One child, as an iteration shows it.
    public struct Child: Sendable {
        /// What it is.
        public let identification: Identification
        /// Where it is found.
        public let address: Address
        /// Its device; `nil` before it has one, and when no driver matches it.
        public let device: Device?
    }

    /// Calls `body` with each child of the kinds given, oldest first. Reports made meanwhile wait
    /// until the end (B-5).
    public func forEach<Failure: Error>(
        _ inclusion: Inclusion = .present, _ body: (Child) async throws(Failure) -> Void
    ) async throws(Failure) {
        state.value.table.beginIteration()
        defer {
            state.value.table.endIteration()
            work()
        }
        let entries = state.value.table.entries.filter { inclusion.contains(of: $0.state) }
        for entry in entries {
            try await body(
                Child(
                    identification: entry.identification, address: entry.address,
                    device: device(entry.token)))
        }
    }

    /// The device of a child that is present; `nil` when it has none.
    public func device(for identification: Identification) -> Device? {
        state.value.table.present(identification).flatMap { device($0.token) }
    }

    /// Where a child that is present is found.
    public func address(of identification: Identification) -> Address? {
        state.value.table.present(identification)?.address
    }

    private func device(_ token: UInt64) -> Device? {
        state.value.devices.first { $0.token == token }?.device
    }

    // MARK: Work

    /// Does what the table wants done.
    private func work() {
        while let work = state.value.table.next(isEnumerating: parent.isEnumerating) {
            switch work {
            case .instantiate(let token): instantiate(token)
            case .retire(let token): retire(token)
            }
        }
        parent.childrenChanged()
    }

    private func instantiate(_ token: UInt64) {
        guard let entry = state.value.table[token] else { return }
        parent.scope.task { [self, parent] in
            do throws(DeviceError) {
                if entry.isReenumerated, let isWanted = handlers.reenumerated,
                    await !isWanted(entry.identification)
                {
                    throw DeviceError(.cancelled, "The driver does not want it again (B-2).")
                }
                let child = try await parent.environment.verifier.pass(
                    around: FailPoint.childCreate
                ) { [handlers] () throws(DeviceError) in
                    try await handlers.create(entry.identification, entry.address)
                }
                made(
                    token,
                    try parent.attachChild(child) { [weak self] in
                        self?.ended(token, isMadeAnew: $0)
                    })
            } catch {
                let isRetried = error.code == .tryAgain
                if !isRetried {
                    parent.report("child \(entry.identification) was not made: \(error)")
                }
                state.value.table.makingFailed(token, isRetried: isRetried)
                work()
            }
        }
    }

    private func made(_ token: UInt64, _ device: Device?) {
        if let device { state.value.devices.append((token, device)) }
        state.value.table.made(token)
        work()
    }

    /// B-8: the device of a missing child goes.
    private func retire(_ token: UInt64) {
        guard let device = device(token) else { return ended(token) }
        let isSurprise = state.value.isSurprise
        guard let identification = state.value.table[token]?.identification else { return }
        parent.scope.task { [handlers] in
            await handlers.reportedMissing?(identification)
            if isSurprise { device.reportedMissing() } else { await device.removeWithoutQuery() }
        }
    }

    private func ended(_ token: UInt64, isMadeAnew: Bool = false) {
        state.value.devices.removeAll { $0.token == token }
        state.value.table.gone(token, isMadeAnew: isMadeAnew)
        work()
    }
}

extension ChildList: ChildSource {
    var isEmpty: Bool {
        state.value.devices.isEmpty && !state.value.table.entries.contains(where: \.isBeingMade)
    }

    var scans: Bool { handlers.scan != nil }

    func scan() async { await handlers.scan?() }

    func parentChanged() { work() }

    func missAll(isSurprise: Bool) {
        state.value.isSurprise = isSurprise
        state.value.table.missAll()
        work()
    }
}

extension ChildList.Inclusion {
    fileprivate func contains(
        of state: ChildTable<Identification, Address>.EntryState
    ) -> Bool {
        switch state {
        case .instantiated: contains(.present)
        case .reportedMissing: contains(.missing)
        case .needsInstantiation: contains(.pending)
        case .notPresent: false
        }
    }
}
