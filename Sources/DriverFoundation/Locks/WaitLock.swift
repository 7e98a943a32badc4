/// Mutual exclusion that may be held across `await`, first come first served (L-1).
///
/// What a driver does between two awaits needs none: its scope is the lock (L-2). This one is for a
/// sequence of transfers that no other may break into.
///
/// It is not recursive, and locks are taken in the order of their ranks (L-6): a task that breaks
/// either would wait for itself some day, so both trap on the first occasion, whether or not
/// anybody else holds the lock.
///
/// Threading: its device's scope. Cancellation: cancelling the task ends the wait with
/// `.cancelled`, and the device's departure with `.removed`.
public final class WaitLock: Sendable {
    /// What reports call it.
    public let name: String
    /// Its place in the order: a task that holds a lock takes those of higher rank alone.
    public let rank: Int
    private let device: Device
    private let line: WaitingLine

    init(_ name: String, rank: Int, of device: Device) {
        self.name = name
        self.rank = rank
        self.device = device
        line = WaitingLine(on: device.loop)
    }

    /// Whether somebody holds it.
    public var isHeld: Bool { line.isTaken }

    /// Runs `body` while nobody else is inside a `withLock` of this lock.
    ///
    /// `limit`: how long to wait for it, `.zero` to take it now or not at all; without limit if
    /// `nil`.
    /// Errors: `.timedOut`, `.cancelled`, `.removed`; whatever `body` throws.
    public func withLock<Value: Sendable>(
        within limit: Duration? = nil, _ body: () async throws(DeviceError) -> Value
    ) async throws(DeviceError) -> Value {
        let task = currentTask
        for held in device.state.value.parts.heldLocks where held.task == task {
            contract(held.lock !== self, "L-1: lock \(name) is taken by a task that holds it")
            contract(
                held.lock.rank < rank,
                "L-6: lock \(name) of rank \(rank) is taken by a task that holds"
                    + " \(held.lock.name) of rank \(held.lock.rank): take the lower rank first")
        }
        try await line.enter(for: device, within: limit)
        device.state.value.parts.heldLocks.append(HeldLock(lock: self, task: task))
        defer {
            device.state.value.parts.heldLocks.removeAll { $0.lock === self }
            line.leave()
        }
        return try await body()
    }
}

/// A lock, and the task that holds it.
struct HeldLock: Sendable {
    let lock: WaitLock
    let task: Int
}

extension Device {
    /// Makes a wait lock. `rank` orders it among the device's locks (L-6).
    public func waitLock(_ name: String, rank: Int = 0) -> WaitLock {
        WaitLock(name, rank: rank, of: self)
    }
}
