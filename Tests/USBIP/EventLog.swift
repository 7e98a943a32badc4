import DriverRuntime

@testable import USBIP

/// A server's events, and a way to wait for one.
final class EventLog: Sendable {
    private let lock = Lock()
    private let box = Box()

    private final class Box: @unchecked Sendable {
        // Guarded by `lock`.
        var events: [ServerEvent] = []
        var waiters:
            [(matches: (ServerEvent) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    func append(_ event: ServerEvent) {
        let due = lock.withLock {
            box.events.append(event)
            let due = box.waiters.filter { $0.matches(event) }
            box.waiters.removeAll { $0.matches(event) }
            return due.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    /// Returns once an event matches, also one that was there before.
    func wait(for matches: @escaping @Sendable (ServerEvent) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isThere = lock.withLock {
                if box.events.contains(where: matches) { return true }
                box.waiters.append((matches, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// Why the session of `client` ended.
    func end(of client: UInt64) async -> SessionEnd? {
        await wait {
            if case .ended(client, _) = $0 { return true }
            return false
        }
        return lock.withLock {
            for case .ended(client, let reason) in box.events { return reason }
            return nil
        }
    }
}
