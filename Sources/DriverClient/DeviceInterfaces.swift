internal import DriverRuntime

/// The interfaces that are enabled now: where programs find devices and drivers publish them (DI-1,
/// DI-4).
///
/// Threading: any thread.
public final class DeviceInterfaces: @unchecked Sendable {
    // Sendable because everything below is guarded by `lock`.
    private let lock = Lock()
    private var enabled: [DeviceInterface] = []
    private var watchers: [(id: UInt64, AsyncStream<Change>.Continuation)] = []
    private var lastID: UInt64 = 0

    /// What happens to interfaces.
    public enum Change: Sendable {
        /// An interface can be opened from now on.
        case arrived(DeviceInterface)
        /// The interface with this id is gone.
        case removed(UInt64)
    }

    /// An empty registry.
    public init() {}

    /// The enabled interfaces of a class, oldest first.
    public func all(of interfaceClass: DeviceInterfaceClass) -> [DeviceInterface] {
        lock.withLock { enabled.filter { $0.interfaceClass == interfaceClass } }
    }

    /// What happens from now on, beginning with an arrival for each interface that is enabled now.
    ///
    /// Ends when its consumer stops iterating.
    public func changes() -> AsyncStream<Change> {
        AsyncStream { continuation in
            lock.withLock {
                lastID += 1
                let id = lastID
                for interface in enabled { continuation.yield(.arrived(interface)) }
                watchers.append((id, continuation))
                continuation.onTermination = { [weak self] _ in self?.forget(id) }
            }
        }
    }

    /// Opens the first enabled interface of a class; waits for one to arrive.
    ///
    /// Cancellation: ends the wait with `.cancelled`.
    public func open(_ interfaceClass: DeviceInterfaceClass) async throws(DeviceError) -> DeviceFile
    {
        for await change in changes() {
            guard case .arrived(let interface) = change,
                interface.interfaceClass == interfaceClass
            else { continue }
            do throws(DeviceError) { return try await interface.open() } catch {
                // One that is on its way out; the next may arrive.
                if error.code != .removed { throw error }
            }
        }
        throw DeviceError.cancelled
    }

    /// For the framework: a new id.
    public func nextID() -> UInt64 {
        lock.withLock {
            lastID += 1
            return lastID
        }
    }

    /// For the framework: `interface` can be opened from now on.
    public func enable(_ interface: DeviceInterface) {
        lock.withLock {
            enabled.append(interface)
            for (_, watcher) in watchers { watcher.yield(.arrived(interface)) }
        }
    }

    /// For the framework: the interface cannot be opened any more.
    public func disable(_ id: UInt64) {
        lock.withLock {
            enabled.removeAll { $0.id == id }
            for (_, watcher) in watchers { watcher.yield(.removed(id)) }
        }
    }

    private func forget(_ id: UInt64) {
        lock.withLock { watchers.removeAll { $0.id == id } }
    }
}
