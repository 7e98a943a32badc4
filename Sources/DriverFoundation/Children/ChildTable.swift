/// What a bus driver has reported of its children, and what became of each report (B-1): pure, so
/// that every order of scans, reports and endings can be tried.
///
/// While a scan or an iteration holds the table, changes wait; when the last hold is let go of they
/// happen in the order in which they were made. What is to be done about the entries is drawn with
/// ``next(isEnumerating:)``, one piece of work at a time.
struct ChildTable<Identification: Hashable & Sendable, Address: Sendable>: Sendable {
    /// How far a reported child has come.
    enum EntryState: Hashable, Sendable, CaseIterable {
        /// It is present and has no device yet.
        case needsInstantiation
        /// It is present and has its device.
        case instantiated
        /// It is not present any more; its device goes.
        case reportedMissing
        /// It is present, but its device could not be made, or has been removed: it gets another
        /// when it is reported again (B-3).
        case notPresent
    }

    struct Entry: Sendable {
        /// Tells the reports of one identification apart; never used again.
        let token: UInt64
        let identification: Identification
        var address: Address
        var state = EntryState.needsInstantiation
        var attempts = 0
        /// Whether its device is being made.
        var isBeingMade = false
        var hasDevice = false
        /// Whether it had a device before, which has failed or still goes (B-2).
        var isReenumerated: Bool
        /// Whether somebody was told to take its device away.
        var isRetiring = false
    }

    /// What is to be done next.
    enum Work: Hashable, Sendable {
        /// Make the entry's device, then say how that ended.
        case instantiate(UInt64)
        /// Take its device away, then say that it is gone.
        case retire(UInt64)
    }

    private enum Change: Sendable {
        case report(Identification, Address)
        case miss(Identification)
        case keep(Set<Identification>)
    }

    /// Oldest first.
    private(set) var entries: [Entry] = []
    private(set) var scans = 0
    private(set) var iterations = 0
    private var changes: [Change] = []
    private var seen: Set<Identification> = []
    private var lastToken: UInt64 = 0

    /// How often the making of a device is tried again (B-3).
    private static var retries: Int { 3 }

    private var isHeld: Bool { scans > 0 || iterations > 0 }

    subscript(token: UInt64) -> Entry? { entries.first { $0.token == token } }

    /// The entry that stands for `identification` now: not one that goes.
    func present(_ identification: Identification) -> Entry? {
        entries.last { $0.identification == identification && $0.state != .reportedMissing }
    }

    // MARK: Reports

    mutating func beginScan() {
        // B-1: the outermost scan begins without anybody seen.
        if scans == 0 { seen = [] }
        scans += 1
    }

    /// Ends a scan; with the outermost, what was not reported in it is missing.
    mutating func endScan() {
        contract(scans > 0, "B-1: a scan was ended that had not begun")
        scans -= 1
        if scans == 0 { changes.append(.keep(seen)) }
        applyIfFree()
    }

    mutating func beginIteration() { iterations += 1 }

    mutating func endIteration() {
        contract(iterations > 0, "B-5: an iteration was ended that had not begun")
        iterations -= 1
        applyIfFree()
    }

    /// Reports a child as present.
    /// - Returns: whether it was not known to be.
    mutating func report(_ identification: Identification, _ address: Address) -> Bool {
        let isNew = !isPresentAfterChanges(identification)
        changes.append(.report(identification, address))
        if scans > 0 { seen.insert(identification) }
        applyIfFree()
        return isNew
    }

    /// Reports a child as missing.
    /// - Returns: whether it was known as present.
    mutating func miss(_ identification: Identification) -> Bool {
        let isKnown = isPresentAfterChanges(identification)
        changes.append(.miss(identification))
        seen.remove(identification)
        applyIfFree()
        return isKnown
    }

    /// Reports all that are known as present still: for a scan that could not look.
    mutating func reportAllPresent() {
        guard scans > 0 else { return }
        var known = entries.map(\.identification)
        for case .report(let identification, _) in changes { known.append(identification) }
        for identification in known where isPresentAfterChanges(identification) {
            seen.insert(identification)
        }
    }

    /// Everything is missing, whoever holds the table: the parent goes.
    mutating func missAll() {
        changes = []
        seen = []
        keep([])
    }

    private func isPresentAfterChanges(_ identification: Identification) -> Bool {
        for change in changes.reversed() {
            switch change {
            case .report(identification, _): return true
            case .miss(identification): return false
            case .keep(let kept) where !kept.contains(identification): return false
            default: continue
            }
        }
        return present(identification) != nil
    }

    private mutating func applyIfFree() {
        guard !isHeld else { return }
        for change in changes {
            switch change {
            case .report(let identification, let address): apply(identification, address)
            case .miss(let identification): retire { $0.identification == identification }
            case .keep(let kept): keep(kept)
            }
        }
        changes = []
    }

    private mutating func apply(_ identification: Identification, _ address: Address) {
        let place = entries.lastIndex {
            $0.identification == identification && $0.state != .reportedMissing
        }
        guard let place else {
            lastToken += 1
            let isReenumerated = entries.contains { $0.identification == identification }
            entries.append(
                Entry(
                    token: lastToken, identification: identification, address: address,
                    isReenumerated: isReenumerated))
            return
        }
        // B-2: the address may change, the identification never does.
        entries[place].address = address
        if entries[place].state == .notPresent {
            entries[place].state = .needsInstantiation
            entries[place].attempts = 0
        }
    }

    private mutating func keep(_ kept: Set<Identification>) {
        retire { !kept.contains($0.identification) }
    }

    private mutating func retire(where isMissing: (Entry) -> Bool) {
        for place in entries.indices where isMissing(entries[place]) {
            entries[place].state = .reportedMissing
        }
        dropWithoutDevice()
    }

    /// Forgets what is missing and never got a device, or has none any more.
    private mutating func dropWithoutDevice() {
        entries.removeAll { $0.state == .reportedMissing && !$0.isBeingMade && !$0.hasDevice }
    }

    // MARK: Work

    /// Draws what is to be done next; `nil` for nothing. New devices are made only while the parent
    /// enumerates.
    mutating func next(isEnumerating: Bool) -> Work? {
        for place in entries.indices {
            let entry = entries[place]
            switch entry.state {
            case .needsInstantiation where isEnumerating && !entry.isBeingMade:
                entries[place].isBeingMade = true
                return .instantiate(entry.token)
            case .reportedMissing where entry.hasDevice && !entry.isRetiring:
                entries[place].isRetiring = true
                return .retire(entry.token)
            default: continue
            }
        }
        return nil
    }

    /// The device of `token` was made.
    mutating func made(_ token: UInt64) {
        update(token) { entry in
            entry.isBeingMade = false
            entry.hasDevice = true
            if entry.state == .needsInstantiation { entry.state = .instantiated }
        }
    }

    /// Its making failed; `isRetried` if the driver wants to be asked again, which it is three
    /// times (B-3).
    mutating func makingFailed(_ token: UInt64, isRetried: Bool) {
        update(token) { entry in
            entry.isBeingMade = false
            entry.attempts += 1
            guard entry.state == .needsInstantiation else { return }
            if !isRetried || entry.attempts > Self.retries { entry.state = .notPresent }
        }
        dropWithoutDevice()
    }

    /// Its device has come to its end; another follows if `isMadeAnew` and the child is present
    /// still (PNP-18).
    mutating func gone(_ token: UInt64, isMadeAnew: Bool = false) {
        update(token) { entry in
            entry.hasDevice = false
            entry.isRetiring = false
            guard entry.state == .instantiated else { return }
            entry.state = isMadeAnew ? .needsInstantiation : .notPresent
            entry.isReenumerated = isMadeAnew
            entry.attempts = 0
        }
        dropWithoutDevice()
    }

    private mutating func update(_ token: UInt64, _ body: (inout Entry) -> Void) {
        guard let place = entries.firstIndex(where: { $0.token == token }) else { return }
        body(&entries[place])
    }
}
