/// When and how a device sleeps: what one voice says about it (WAKE-1, WAKE-4, WAKE-8).
///
/// Three voices are heard: the driver, the administrator, the user. Each may leave things open;
/// what is said by several, the user decides before the administrator, and that one before the
/// driver, thing by thing. What nobody says is as the properties' comments have it.
public struct IdleSettings: Sendable, Hashable {
    /// Whether the device sleeps when it is idle; not unless somebody says so.
    public var isEnabled: Bool?
    /// For how long nothing must have asked for it; five seconds.
    public var timeout: Duration?
    /// The state in which it sleeps when idle; D2 if it wakes, else D3.
    public var state: PowerState?
    /// Whether it wakes itself from that sleep; it does not.
    public var wakes: Bool?
    /// Whether it wakes the system from its sleep; it does not.
    public var wakesSystem: Bool?
    /// Whether a device that was idle when the system fell asleep is brought to D0 when that wakes;
    /// only asked of a device that wakes nothing. It is not.
    public var powersUpWithSystem: Bool?
    /// Whether the bus is asked to suspend it (USB selective suspend, WAKE-7), where the bus can;
    /// it is. Without the bus's leave a device that is to wake stays awake.
    public var suspends: Bool?

    /// Says nothing.
    public init() {}

    /// Who says it; a later one outranks an earlier one.
    public enum Voice: Int, Sendable, Hashable, CaseIterable, Comparable {
        /// The driver, by ``FunctionDriver/idle(after:wakes:)`` or ``FunctionDriver/setIdle(_:)``.
        case driver
        /// Whoever runs the machine.
        case administrator
        /// Whoever sits before it.
        case user

        /// The rank.
        public static func < (left: Voice, right: Voice) -> Bool { left.rawValue < right.rawValue }
    }

    /// What all voices together come to.
    public struct Result: Sendable, Hashable {
        /// Whether the device sleeps when it is idle.
        public var isEnabled = false
        /// Who decided that; `nil` for nobody.
        public var decidedBy: Voice?
        /// For how long nothing must have asked for it.
        public var timeout: Duration = .seconds(5)
        /// The state in which it sleeps when idle.
        public var state = PowerState.d3
        /// Whether it wakes itself.
        public var wakes = false
        /// Whether it wakes the system.
        public var wakesSystem = false
        /// Whether an idle device is brought to D0 when the system wakes.
        public var powersUpWithSystem = false
        /// Whether the bus is asked to suspend it.
        public var suspends = true
    }

    /// The settings of each voice.
    struct Choice: Sendable, Hashable {
        private var settings = [IdleSettings](repeating: IdleSettings(), count: 3)

        subscript(voice: Voice) -> IdleSettings {
            get { settings[voice.rawValue] }
            set { settings[voice.rawValue] = newValue }
        }

        var result: Result {
            func said<Value>(_ path: KeyPath<IdleSettings, Value?>) -> Value? {
                settings.reversed().lazy.compactMap { $0[keyPath: path] }.first
            }
            var result = Result()
            result.isEnabled = said(\.isEnabled) ?? false
            result.decidedBy = Voice.allCases.last { self[$0].isEnabled != nil }
            result.timeout = max(said(\.timeout) ?? result.timeout, .zero)
            result.wakes = said(\.wakes) ?? false
            result.state = said(\.state) ?? (result.wakes ? .d2 : .d3)
            result.wakesSystem = said(\.wakesSystem) ?? false
            result.powersUpWithSystem = said(\.powersUpWithSystem) ?? false
            result.suspends = said(\.suspends) ?? true
            return result
        }
    }

    /// What is wrong with it, if anything.
    var problem: String? {
        if let timeout, timeout < .zero { return "a time-out of \(timeout) is none" }
        switch state {
        case .d0, .d3Final: return "a device does not idle in \(state.map { "\($0)" } ?? "")"
        case .d3 where wakes == true: return "no USB device wakes from D3"
        default: return nil
        }
    }
}

/// Why a device does or does not sleep now: a look, without effect.
public struct IdleReport: Sendable, Hashable {
    /// What was settled.
    public var settings: IdleSettings.Result
    /// Who needs the device in D0, with how long each has: while there is any it does not sleep.
    public var holders: [Holder]
    /// Whether it is in D0.
    public var isInD0: Bool

    /// Who needs the device, and for how long.
    public struct Holder: Sendable, Hashable {
        /// The name given when it began.
        public var name: String
        /// How long it has lasted.
        public var age: Duration
    }
}
