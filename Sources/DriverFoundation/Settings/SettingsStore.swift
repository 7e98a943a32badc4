/// Where settings are kept: keys, each with values of its own (C-3).
///
/// Threading: any task; an implementation keeps whatever blocks away from the caller's thread.
public protocol SettingsStore: Sendable {
    /// The values of a key; `nil` when there is no such key.
    ///
    /// Errors: `.failed` for what cannot be read, with the place; `.accessDenied`.
    func load(_ path: SettingsPath) async throws(DeviceError) -> SettingsTable?

    /// Replaces all values of a key, or removes it for `nil`: after a crash, either the old ones or
    /// the new ones are there.
    ///
    /// Errors: `.failed` for what cannot be written, with the place; `.accessDenied`.
    func save(_ table: SettingsTable?, to path: SettingsPath) async throws(DeviceError)
}

/// The names that lead to a key, outermost first. They may be anything, a device's serial number
/// included.
public struct SettingsPath: Hashable, Sendable, CustomStringConvertible {
    /// The names.
    public let names: [String]

    /// The key at the end of these names.
    public init(_ names: [String]) { self.names = names }

    /// A key below this one.
    public func appending(_ name: String) -> SettingsPath { SettingsPath(names + [name]) }

    /// The names, with slashes.
    public var description: String { names.joined(separator: "/") }
}

/// Settings that last as long as the process: for tests, and where nothing shall be kept.
///
/// Threading: any.
public final class MemorySettings: SettingsStore, @unchecked Sendable {
    // Sendable because `tables` is guarded by `lock`.
    private let lock = Lock()
    private var tables: [SettingsPath: SettingsTable]

    /// Settings that hold this already.
    public init(_ tables: [SettingsPath: SettingsTable] = [:]) { self.tables = tables }

    /// The values of a key.
    public func load(_ path: SettingsPath) async throws(DeviceError) -> SettingsTable? {
        lock.withLock { tables[path] }
    }

    /// Replaces all values of a key.
    public func save(_ table: SettingsTable?, to path: SettingsPath) async throws(DeviceError) {
        lock.withLock { tables[path] = table }
    }
}
