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

/// A machine of a device goes from a state to another (DEV-13): what
/// ``PlugAndPlay/Options/stateObserver`` is told of. The names are those of the charts.
public struct StateChange: Sendable, Hashable, CustomStringConvertible {
    /// When in the change (ENG-4).
    public enum Moment: Sendable, Hashable, CaseIterable {
        /// The event has come, and the machine is where it was.
        case leaving
        /// The machine is in the new state, and has not done yet what that asks for.
        case entering
        /// It has done that, or begun it: the callback that the state waits for is on its way.
        case after
    }

    /// Which machine.
    public let machine: DeviceMachine
    /// When.
    public let moment: Moment
    /// The state that is left.
    public let from: String
    /// The state that is entered.
    public let to: String

    /// Such as `power: off → waitingForParent`.
    public var description: String {
        switch moment {
        case .leaving: "\(machine.rawValue): leaves \(from) for \(to)"
        case .entering: "\(machine.rawValue): \(from) → \(to)"
        case .after: "\(machine.rawValue): is \(to) after \(from)"
        }
    }
}
