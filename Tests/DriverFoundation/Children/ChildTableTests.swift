import DriverSimulation
import Testing

@testable import DriverFoundation

/// The table of reported children, against a model that knows nothing but who is present.
@Suite struct ChildTableTests {
    @Test("B-1, B-2, B-3, B-5: any order of scans, iterations, reports and endings keeps the rules")
    func againstModel() throws {
        for seed in UInt64(0)..<2_000 {
            var walk = TableWalk(seed: seed)
            for _ in 0..<60 { try walk.step() }
            try walk.finish()
        }
    }

    @Test("B-1: what the outermost of nested scans did not report is missing when it ends")
    func nestedScans() throws {
        var table = ChildTable<Int, Void>()
        _ = table.report(1, ())
        _ = table.report(2, ())
        table.make()
        table.beginScan()
        table.beginScan()
        _ = table.report(2, ())
        table.endScan()
        try same(table.states, [.instantiated, .instantiated], "in the outer scan")
        table.endScan()
        try same(table.states, [.reportedMissing, .instantiated], "after it")
        try same(table.next(isEnumerating: true), .retire(1), "work")
    }

    @Test("B-5: a scan that cannot look reports all present, and nothing goes")
    func allPresent() throws {
        var table = ChildTable<Int, Void>()
        _ = table.report(1, ())
        table.make()
        table.beginScan()
        table.reportAllPresent()
        table.endScan()
        try same(table.states, [.instantiated], "states")
        table.beginScan()
        table.endScan()
        try same(table.states, [.reportedMissing], "after a scan without")
    }

    @Test("B-3: a child is asked for four times at most, then when it is reported again")
    func retries() throws {
        var table = ChildTable<Int, Void>()
        _ = table.report(1, ())
        for _ in 0..<4 {
            try same(table.next(isEnumerating: true), .instantiate(1), "another try")
            table.makingFailed(1, isRetried: true)
        }
        try same(table.next(isEnumerating: true), nil, "a fifth")
        try same(table.states, [.notPresent], "state")
        try check(!table.report(1, ()), "it was not known")
        try same(table.next(isEnumerating: true), .instantiate(1), "after the report")
    }

    @Test("B-8: a child that goes missing while it is made is taken away when it is made")
    func missedInTheMaking() throws {
        var table = ChildTable<Int, Void>()
        _ = table.report(1, ())
        try same(table.next(isEnumerating: true), .instantiate(1), "work")
        _ = table.miss(1)
        try same(table.next(isEnumerating: true), nil, "nothing yet")
        table.made(1)
        try same(table.next(isEnumerating: true), .retire(1), "its removal")
        table.gone(1)
        try same(table.entries.count, 0, "entries")
    }
}

extension ChildTable {
    fileprivate var states: [EntryState] { entries.map(\.state) }

    fileprivate mutating func make() {
        while case .instantiate(let token) = next(isEnumerating: true) { made(token) }
    }
}

/// A random walk through a table's life beside the model.
private struct TableWalk {
    typealias Table = ChildTable<Int, Int>

    private let seed: UInt64
    private var random: SeededGenerator
    private var table = Table()
    /// Who is present, and where, once nobody holds the table.
    private var future: [Int: Int] = [:]
    /// Who is present now.
    private var visible: [Int: Int] = [:]
    private var seen: Set<Int> = []
    private var scans = 0
    private var iterations = 0
    /// Tokens whose device is being made, is there, and goes.
    private var making: [UInt64] = []
    private var devices: [UInt64] = []
    private var retiring: [UInt64] = []
    private var attempts: [UInt64: Int] = [:]

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
    }

    mutating func step() throws {
        let child = random.next(below: 4)
        let address = random.next(below: 100)
        switch random.next(below: 16) {
        case 0: beginScan()
        case 1: if scans > 0 { endScan() }
        case 2:
            table.beginIteration()
            iterations += 1
        case 3: if iterations > 0 { endIteration() }
        case 4, 5, 6: try report(child, address)
        case 7, 8: try miss(child)
        case 9: if scans > 0 { reportAll() }
        case 10:
            if random.next(below: 8) == 0 {
                table.missAll()
                (future, visible, seen) = ([:], [:], [])
            }
        case 11, 12, 13: try draw(isEnumerating: random.next(below: 4) != 0)
        case 14: try endMaking()
        default: endDevice()
        }
        try compare()
    }

    /// Lets go of everything, does all work, and looks at what is left.
    mutating func finish() throws {
        while iterations > 0 { endIteration() }
        while scans > 0 { endScan() }
        for child in visible.keys.sorted() { try report(child, 0) }
        var rounds = 0
        repeat {
            while let token = retiring.popLast() { table.gone(token) }
            while let token = making.popLast() { made(token) }
            rounds += 1
            try check(rounds < 50, "seed \(seed): the work never ends")
        } while try draw(isEnumerating: true)
        try compare()
        let live = table.entries.filter { $0.state == .instantiated }.map(\.identification)
        try same(live.sorted(), visible.keys.sorted(), "seed \(seed): devices at the end")
        try same(table.entries.count, visible.count, "seed \(seed): entries at the end")
    }

    private mutating func beginScan() {
        table.beginScan()
        if scans == 0 { seen = [] }
        scans += 1
    }

    private mutating func endScan() {
        table.endScan()
        scans -= 1
        if scans == 0 { future = future.filter { seen.contains($0.key) } }
        showIfFree()
    }

    private mutating func endIteration() {
        table.endIteration()
        iterations -= 1
        showIfFree()
    }

    private mutating func showIfFree() {
        if scans == 0, iterations == 0 { visible = future }
    }

    private mutating func report(_ child: Int, _ address: Int) throws {
        let isNew = table.report(child, address)
        try same(isNew, future[child] == nil, "seed \(seed): new")
        future[child] = address
        if scans > 0 { seen.insert(child) }
        for entry in table.entries where entry.attempts == 0 { attempts[entry.token] = 0 }
        showIfFree()
    }

    private mutating func miss(_ child: Int) throws {
        let isKnown = table.miss(child)
        try same(isKnown, future[child] != nil, "seed \(seed): known")
        future[child] = nil
        seen.remove(child)
        showIfFree()
    }

    private mutating func reportAll() {
        table.reportAllPresent()
        seen.formUnion(future.keys)
    }

    /// Draws one piece of work, and checks that it may be done.
    @discardableResult
    private mutating func draw(isEnumerating: Bool) throws -> Bool {
        switch table.next(isEnumerating: isEnumerating) {
        case .instantiate(let token):
            try check(isEnumerating, "seed \(seed): made while nothing may be")
            try check(!making.contains(token) && !devices.contains(token), "seed \(seed): twice")
            attempts[token, default: 0] += 1
            try check(attempts[token, default: 0] <= 4, "seed \(seed): more than three retries")
            making.append(token)
            return true
        case .retire(let token):
            try check(devices.contains(token), "seed \(seed): retired without a device")
            devices.removeAll { $0 == token }
            retiring.append(token)
            return true
        case nil: return false
        }
    }

    private mutating func endMaking() throws {
        guard !making.isEmpty else { return }
        let token = making.remove(at: random.next(below: making.count))
        switch random.next(below: 4) {
        case 0: table.makingFailed(token, isRetried: false)
        case 1: table.makingFailed(token, isRetried: true)
        default: made(token)
        }
    }

    private mutating func made(_ token: UInt64) {
        table.made(token)
        devices.append(token)
    }

    /// A device ends because it was retired, or by itself.
    private mutating func endDevice() {
        if !retiring.isEmpty, random.next(below: 2) == 0 {
            table.gone(retiring.remove(at: random.next(below: retiring.count)))
        } else if !devices.isEmpty {
            table.gone(devices.remove(at: random.next(below: devices.count)))
        }
    }

    private func compare() throws {
        let present = table.entries.filter { $0.state != .reportedMissing }
        try same(
            present.map(\.identification).sorted(), visible.keys.sorted(),
            "seed \(seed): who is present")
        for entry in present {
            try same(entry.address, visible[entry.identification], "seed \(seed): address")
        }
        for entry in table.entries {
            let isHeld = devices.contains(entry.token) || retiring.contains(entry.token)
            try same(entry.hasDevice, isHeld, "seed \(seed): its device")
            try same(entry.isBeingMade, making.contains(entry.token), "seed \(seed): its making")
            if entry.state == .reportedMissing {
                try check(isHeld || entry.isBeingMade, "seed \(seed): kept for nothing")
            }
            if entry.state == .instantiated { try check(isHeld, "seed \(seed): no device") }
            if entry.state == .notPresent || entry.state == .needsInstantiation {
                try check(!entry.hasDevice, "seed \(seed): \(entry.state) with a device")
            }
        }
    }
}
