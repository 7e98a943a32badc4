/// When and how an idle device sleeps while the system works (WAKE-1).
public struct IdleSettings: Sendable, Hashable {
    /// How long nothing must have asked for the device.
    public var timeout: Duration = .seconds(5)
    /// The state in which it sleeps; USB devices that wake may sleep no deeper than D2.
    public var state: PowerState = .d2
    /// Whether it may wake itself.
    public var wakes = false

    /// The defaults.
    public init() {}
}
