/// Work that can be posted again and again without an allocation: subclass it, override ``run()``.
open class Work {
    /// Makes work that is not posted.
    public init() {}

    /// What the loop calls, on its thread, in no scope.
    open func run() { fatalError("Work.run() must be overridden") }

    /// What orders this work in a simulation: entries with the same lane keep their order. By
    /// default all work of a loop does.
    open var lane: UInt64 { 0 }
}

/// A growing ring of what a loop has to run, oldest first.
package struct ReadyRing {
    package enum Entry {
        case job(UnownedJob, Scope)
        case work(Work)
        case closure(@Sendable () -> Void)

        /// Entries of one lane keep their order; scopes are numbered from 1, so 0 is no scope's.
        package var lane: UInt64 {
            switch self {
            case .job(_, let scope): scope.ordinal
            case .work(let work): work.lane
            case .closure: 0
            }
        }
    }

    private var slots: [Entry?] = Array(repeating: nil, count: 64)
    private var head = 0
    package private(set) var count = 0

    package var isEmpty: Bool { count == 0 }

    package subscript(index: Int) -> Entry? { slots[(head + index) & (slots.count - 1)] }

    mutating func append(_ entry: Entry) {
        if count == slots.count { grow() }
        slots[(head + count) & (slots.count - 1)] = entry
        count += 1
    }

    /// Takes out the entry at `index` (0 is the oldest); those before it keep their order.
    mutating func remove(at index: Int) -> Entry {
        let mask = slots.count - 1
        let taken = slots[(head + index) & mask].take()
        guard index < count, let taken else { preconditionFailure("no entry \(index)") }
        var position = index
        while position > 0 {
            slots.swapAt((head + position) & mask, (head + position - 1) & mask)
            position -= 1
        }
        head = (head + 1) & mask
        count -= 1
        return taken
    }

    /// Appends all of `other`; at no cost when this ring is empty, since then the two change
    /// places.
    mutating func takeAll(from other: inout ReadyRing) {
        if isEmpty { return swap(&self, &other) }
        while other.count > 0 { append(other.remove(at: 0)) }
    }

    private mutating func grow() {
        var larger: [Entry?] = []
        larger.reserveCapacity(slots.count * 2)
        for index in 0..<count { larger.append(self[index]) }
        larger.append(contentsOf: repeatElement(nil, count: slots.count * 2 - count))
        slots = larger
        head = 0
    }
}

/// Decides what runs next: how the simulation reorders what a real machine might.
package protocol JobChooser: AnyObject, Sendable {
    /// The index of the entry to run.
    func choose(from ready: borrowing ReadyRing) -> Int
    /// Told when another thread hands work to the loop, which a simulated loop forbids.
    func foreignEntry(on loop: EventLoop)
}
