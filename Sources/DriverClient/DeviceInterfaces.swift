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
    private var names: [String: any InterfacePort] = [:]

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

    /// Opens the device with this symbolic name, or `path` below it (DI-3).
    ///
    /// Errors: `.notFound` when no device has the name; as of
    /// ``DeviceInterface/open(path:as:holder:)``.
    public func open(
        named name: String, path: String = "", as client: ClientIdentity = .thisProcess,
        holder: (any FileHolder)? = nil
    ) async throws(DeviceError) -> DeviceFile {
        DeviceFile(
            try await openPort(
                named: name, FileOpening(path: path, client: client, holder: holder)))
    }

    /// The same for the framework itself.
    package func openPort(
        named name: String, _ opening: FileOpening
    ) async throws(DeviceError) -> any FilePort {
        guard let port = lock.withLock({ names[name] }) else {
            throw DeviceError(.notFound, "No device is called \"\(name)\".")
        }
        return try await port.open(opening)
    }

    /// For the framework: `name` stands for `port` from now on; `false` when it stands for another
    /// already.
    package func link(_ name: String, to port: any InterfacePort) -> Bool {
        lock.withLock {
            if let present = names[name] { return present === port }
            names[name] = port
            return true
        }
    }

    /// For the framework: `name` stands for nothing any more.
    package func unlink(_ name: String) { lock.withLock { names[name] = nil } }

    /// For the framework: what is handed out as an enabled interface is `interface` from now on.
    package func replace(_ interface: DeviceInterface) {
        lock.withLock {
            guard let index = enabled.firstIndex(where: { $0.id == interface.id }) else { return }
            enabled[index] = interface
        }
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
