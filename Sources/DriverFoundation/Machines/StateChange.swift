/// The machines that a device's life runs in.
public enum DeviceMachine: String, Sendable, Hashable, CaseIterable {
    /// Arrival, start, stop, removal.
    case plugAndPlay
    /// Entering and leaving D0.
    case power
    /// When the device is in which power state.
    case powerPolicy
    /// Whether it is idle.
    case idle
    /// What the driver does by itself in D0.
    case selfManagedIO
}

/// A machine of a device went from a state to another (DEV-13): what
/// ``PlugAndPlay/Options/stateObserver`` is told of. The names are those of the charts.
public struct StateChange: Sendable, Hashable, CustomStringConvertible {
    /// Which machine.
    public let machine: DeviceMachine
    /// The state that was left.
    public let from: String
    /// The state that was entered.
    public let to: String

    /// Such as `power: off → waitingForParent`.
    public var description: String { "\(machine.rawValue): \(from) → \(to)" }
}
