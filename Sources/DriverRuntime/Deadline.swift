/// One alarm of a loop: armed and disarmed any number of times without an allocation.
///
/// Threading: every member is called on the loop (trapped otherwise); so is the handler, which runs
/// in no scope. Firing disarms first, so a handler may arm again.
public final class Deadline: Sendable {
    /// The loop whose clock counts.
    public let loop: EventLoop
    package let state: LoopConfined<State>

    package struct State {
        package var instant = Instant.distantFuture
        package var sequence: UInt64 = 0
        package var position = -1
        package var fire: () -> Void
    }

    /// Makes a disarmed deadline; `fire` is called once for each time it was armed and not
    /// disarmed.
    public init(on loop: EventLoop, fire: @escaping @Sendable () -> Void) {
        self.loop = loop
        state = LoopConfined(on: loop, State(fire: fire))
    }

    /// Whether it will fire.
    public var isArmed: Bool { state.value.position >= 0 }

    /// Fires at `instant`, instead of whenever it was armed for before.
    public func arm(at instant: Instant) { loop.arm(self, at: instant) }

    /// Fires `duration` from now, instead of whenever it was armed for before.
    public func arm(after duration: Duration) {
        loop.arm(self, at: loop.now.advanced(by: duration))
    }

    /// Does not fire. Allowed when not armed.
    public func disarm() { loop.disarm(self) }
}

/// A binary heap of deadlines that knows where each stands, so that disarming leaves nothing
/// behind.
///
/// A general heap would keep disarmed entries until their time comes: at ten thousand transfers a
/// second with a deadline of a second each, ten thousand of them.
struct DeadlineHeap {
    private var items: [Deadline] = []
    private var sequence: UInt64 = 0
    private var floor = Instant(nanoseconds: 0)

    var earliest: Instant? { items.first?.state.value.instant }
    var count: Int { items.count }

    mutating func insert(_ deadline: Deadline, at instant: Instant) {
        if deadline.state.value.position >= 0 { remove(deadline) }
        sequence += 1
        deadline.state.value.instant = max(instant, floor)
        deadline.state.value.sequence = sequence
        deadline.state.value.position = items.count
        items.append(deadline)
        siftUp(items.count - 1)
    }

    mutating func remove(_ deadline: Deadline) {
        let position = deadline.state.value.position
        guard position >= 0 else { return }
        let last = items.removeLast()
        deadline.state.value.position = -1
        guard position < items.count else { return }
        items[position] = last
        last.state.value.position = position
        siftUp(position)
        siftDown(last.state.value.position)
    }

    /// Says that what is due at `now` is about to fire. Instants before it count as it from here
    /// on, so that what is armed for the past queues up behind what is due.
    /// - Returns: the mark for ``popDue(at:armedBy:)``.
    mutating func beginFiring(at now: Instant) -> UInt64 {
        floor = max(floor, now)
        return sequence
    }

    /// Takes out the first that is due and was armed no later than the mark.
    mutating func popDue(at now: Instant, armedBy mark: UInt64) -> Deadline? {
        guard let first = items.first else { return nil }
        let (instant, sequence) = (first.state.value.instant, first.state.value.sequence)
        guard instant <= now, sequence <= mark else { return nil }
        remove(first)
        return first
    }

    /// Disarms all.
    mutating func removeAll() -> [Deadline] {
        for deadline in items { deadline.state.value.position = -1 }
        defer { items = [] }
        return items
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        let a = items[left].state, b = items[right].state
        return (a.value.instant.nanoseconds, a.value.sequence)
            < (b.value.instant.nanoseconds, b.value.sequence)
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(child, parent) else { return }
            swap(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var smallest = parent
            let left = 2 * parent + 1
            if left < items.count, precedes(left, smallest) { smallest = left }
            if left + 1 < items.count, precedes(left + 1, smallest) { smallest = left + 1 }
            guard smallest != parent else { return }
            swap(parent, smallest)
            parent = smallest
        }
    }

    private mutating func swap(_ left: Int, _ right: Int) {
        items.swapAt(left, right)
        items[left].state.value.position = left
        items[right].state.value.position = right
    }
}
