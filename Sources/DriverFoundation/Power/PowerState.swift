/// The power states that drivers are told of (CB-2).
public enum PowerState: Sendable, Hashable, CaseIterable {
    /// Working.
    case d0
    /// Light sleep.
    case d1
    /// Deeper sleep.
    case d2
    /// Off, to return.
    case d3
    /// Off for good: the device is stopped, removed or the system shuts down. Only as a target.
    case d3Final
}

/// Why power-managed queues hand out nothing any more.
package enum HoldReason: Hashable, Sendable, CaseIterable {
    /// The device will be back: what the driver owns is stopped, not cancelled.
    case suspend
    /// The device goes: what the driver owns is cancelled.
    case removal
}

/// Why a device sleeps with its wake signal armed.
public enum WakeReason: Sendable, Hashable, CaseIterable {
    /// It is idle while the system works (S0).
    case idle
    /// The system sleeps (Sx).
    case systemSleep
}
