/// Values by name, typed and kept (C-3, DRV-5, DEV-19): what a registry key is to a driver.
///
/// Values are read when the key is opened; each change is kept before the call returns, whole or
/// not at all.
///
/// Threading: its device's loop. Cancellation: none.
public final class SettingsKey: Sendable {
    private struct State {
        var table: SettingsTable
    }

    /// Where it is.
    public let path: SettingsPath
    private let store: any SettingsStore
    private let changing: WaitingLine
    private let device: Device
    private let state: LoopConfined<State>

    init(
        _ path: SettingsPath, in store: any SettingsStore, of device: Device, _ table: SettingsTable
    ) {
        self.path = path
        self.store = store
        self.device = device
        changing = WaitingLine(on: device.loop)
        state = LoopConfined(on: device.loop, State(table: table))
    }

    /// The names of its values, sorted.
    public var names: [String] { state.value.table.keys.sorted() }

    /// The value of a name.
    ///
    /// Errors: `.notFound`; `.typeMismatch` when it is of another kind, or out of the type's range.
    public func value<Value: SettingsConvertible>(
        _ name: String, as type: Value.Type = Value.self
    ) throws(DeviceError) -> Value {
        guard let value = state.value.table[name] else {
            throw DeviceError(.notFound, "Settings \(path) have no value \(name).")
        }
        guard let own = Value(value) else {
            throw DeviceError(
                .typeMismatch,
                "The value \(name) of settings \(path) is \(value.kind), not \(Value.settingsKind)."
            )
        }
        return own
    }

    /// The value of a name, whatever its kind; `nil` when there is none.
    public subscript(name: String) -> SettingsValue? { state.value.table[name] }

    /// Gives a name a value, of whatever kind it was before.
    ///
    /// Errors: of the store; then nothing has changed.
    public func assign(
        _ value: some SettingsConvertible, to name: String
    ) async throws(DeviceError) {
        let value = value.settingsValue
        try await change { $0[name] = value }
    }

    /// Takes a value out; does nothing when there is none.
    ///
    /// Errors: of the store; then nothing has changed.
    public func remove(_ name: String) async throws(DeviceError) {
        try await change { $0[name] = nil }
    }

    /// Changes several values at once: all of them are kept, or none.
    ///
    /// Errors: of the store; then nothing has changed.
    public func change(
        _ body: @Sendable (inout SettingsTable) -> Void
    ) async throws(DeviceError) {
        // One at a time: of two changes the later must not be overwritten by the earlier.
        await changing.enter()
        defer { changing.leave() }
        var table = state.value.table
        body(&table)
        if table == state.value.table { return }
        try await store.save(table, to: path)
        state.value.table = table
    }

    /// The key of a name below this one.
    ///
    /// Errors: of the store.
    public func key(_ name: String) async throws(DeviceError) -> SettingsKey {
        try await device.openSettings(path.appending(name))
    }
}

extension Device {
    /// The settings of this driver on every device (DRV-5), empty at first.
    ///
    /// Errors: of the store.
    public func driverSettings<Driver: FunctionDriver>(
        for driver: isolated Driver
    ) async throws(DeviceError) -> SettingsKey {
        try await openSettings(SettingsPath(["drivers", "\(Driver.self)"]))
    }

    /// The settings of this very device (DEV-19), empty at first: found again by its
    /// hardware id and serial number wherever it is plugged in, and by its place when it has none.
    ///
    /// Errors: of the store.
    public func settings() async throws(DeviceError) -> SettingsKey {
        try await openSettings(settingsPath)
    }

    /// Where this device's settings are.
    var settingsPath: SettingsPath {
        let serial = usb?.strings.serialNumber.map { "serial " + $0 }
        return SettingsPath([
            "devices", identity.hardwareIDs.first ?? identity.name,
            serial ?? "at \(identity.instanceID)",
        ])
    }

    func openSettings(_ path: SettingsPath) async throws(DeviceError) -> SettingsKey {
        let table = try await environment.settings.load(path)
        return SettingsKey(path, in: environment.settings, of: self, table ?? [:])
    }
}
