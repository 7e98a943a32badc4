/// Entering and leaving D0 (WDF's power machine; PNP-1 from D0Entry on, PNP-2).
///
/// Idle, sleep and wake come with the rest of the model.
enum PowerMachine: StateMachine {
    enum State: Hashable, Sendable, CaseIterable {
        case off
        case enteringD0
        case d0
        case holdingQueues
        case exitingD0
    }

    enum Event: Hashable, Sendable, CaseIterable {
        case implicitD0
        case d0Entered, d0EntryFailed
        case implicitD3
        case queuesHeld
        case d0Exited, d0ExitFailed
    }

    enum Effect: Hashable, Sendable, CaseIterable {
        case callEnterD0
        case startQueues
        case holdQueues
        case callExitD0
        case reportPoweredUp
        case reportPowerUpFailed
        case reportPoweredDown
        case reportPowerDownFailed
    }

    static func reduce(_ state: State, _ event: Event) -> Step<State, Effect>? {
        switch state {
        case .off: off(event)
        case .enteringD0: enteringD0(event)
        case .d0: d0(event)
        case .holdingQueues: holdingQueues(event)
        case .exitingD0: exitingD0(event)
        }
    }

    private static func off(_ event: Event) -> Step<State, Effect>? {
        switch event {
        case .implicitD0: .go(.enteringD0, [.callEnterD0])
        // PNP-8: no second D0Exit for a device that is not in D0.
        case .implicitD3: .stay([.reportPoweredDown])
        default: nil
        }
    }

    private static func enteringD0(_ event: Event) -> Step<State, Effect>? {
        switch event {
        case .d0Entered: .go(.d0, [.startQueues, .reportPoweredUp])
        // PNP-13: a device whose D0Entry failed gets no D0Exit.
        case .d0EntryFailed: .go(.off, [.reportPowerUpFailed])
        case .implicitD3: .later
        default: nil
        }
    }

    private static func d0(_ event: Event) -> Step<State, Effect>? {
        switch event {
        case .implicitD3: .go(.holdingQueues, [.holdQueues])
        default: nil
        }
    }

    private static func holdingQueues(_ event: Event) -> Step<State, Effect>? {
        switch event {
        case .queuesHeld: .go(.exitingD0, [.callExitD0])
        default: nil
        }
    }

    private static func exitingD0(_ event: Event) -> Step<State, Effect>? {
        switch event {
        case .d0Exited: .go(.off, [.reportPoweredDown])
        case .d0ExitFailed: .go(.off, [.reportPowerDownFailed])
        default: nil
        }
    }
}

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
