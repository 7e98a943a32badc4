/// Several changes of a device's configuration, all of them or none (SEED-22; what is left of a
/// transaction manager where there is no database).
///
/// Steps are done in the order in which they were added. When one fails, those before it are undone
/// in reverse; one that cannot be undone does not keep the others from it.
///
/// ```swift
/// var change = ConfigurationChange()
/// change.select(1, of: 0, on: device)
/// change.assign("wide", to: "mode", in: settings)
/// try await change.commit()
/// ```
///
/// Threading: the device's scope.
public struct ConfigurationChange: Sendable {
    /// What a step does, and does to undo it.
    public typealias Action = @Sendable () async throws(DeviceError) -> Void

    /// Does a step; returns what undoes it.
    private typealias Step = @Sendable () async throws(DeviceError) -> Action

    private var steps: [(name: String, perform: Step)] = []

    /// No change.
    public init() {}

    /// Adds a step of the driver's own. A step that throws must have changed nothing.
    public mutating func add(_ name: String, _ perform: @escaping Action, undo: @escaping Action) {
        steps.append(
            (
                name,
                { () throws(DeviceError) in
                    try await perform()
                    return undo
                }
            ))
    }

    /// Adds the selection of an alternate setting (U-6).
    public mutating func select(_ setting: UInt8, of interface: UInt8, on device: Device) {
        let name = "alternate setting \(setting) of interface \(interface)"
        steps.append(
            (
                name,
                { () throws(DeviceError) in
                    let before = await device.alternateSetting(of: interface)
                    try await device.selectAlternateSetting(setting, of: interface)
                    return { () throws(DeviceError) in
                        if let before {
                            try await device.selectAlternateSetting(before, of: interface)
                        }
                    }
                }
            ))
    }

    /// Adds an assignment of a settings value.
    public mutating func assign(
        _ value: some SettingsConvertible, to name: String, in key: SettingsKey
    ) {
        let value = value.settingsValue
        steps.append(
            (
                "value \(name) of settings \(key.path)",
                { () throws(DeviceError) in
                    let before = key[name]
                    try await key.change { $0[name] = value }
                    return { () throws(DeviceError) in try await key.change { $0[name] = before } }
                }
            ))
    }

    /// Does all steps, or none.
    ///
    /// Cancellation: none; a change that has begun comes to its end.
    /// Errors: of the step that failed, whose name is in the message; when an earlier one could not
    /// be undone either, that too.
    public func commit() async throws(DeviceError) {
        var undo: [(name: String, action: Action)] = []
        for step in steps {
            do throws(DeviceError) { undo.append((step.name, try await step.perform())) } catch {
                var text = "\(step.name): \(error.message)"
                for (name, action) in undo.reversed() {
                    do throws(DeviceError) { try await action() } catch {
                        text += " \(name) could not be undone: \(error.message)"
                    }
                }
                throw DeviceError(
                    error.code, text, transferred: error.transferred,
                    partialBytes: error.partialBytes)
            }
        }
    }
}
