/// When a device in D0 counts as idle (WAKE-2; WDF's idle counter machine).
///
/// Who holds a power reference is counted elsewhere: this machine hears of the first and of the
/// last.
package enum IdleMachine: StateMachine {
    package enum State: Hashable, Sendable, CaseIterable {
        case stopped
        case disabled
        case busy
        case timerRunning
        case timedOut
        case inDx
        case poweringUp
    }

    package enum Event: Hashable, Sendable, CaseIterable {
        /// The device is in D0 for the first time, or idling is allowed again; the second of each
        /// when somebody holds a reference.
        case start, startBusy, enable, enableBusy
        case disable, stop
        /// The first reference was taken, the last given up.
        case referenced, released
        case expired
        /// Whoever manages the machine sends the device down now, whoever needs it (WAKE-9).
        case directed
        /// The power policy takes the device down, and has brought it back.
        case down, up, upBusy, upFailed
    }

    package enum Effect: Hashable, Sendable, CaseIterable {
        case startTimer, cancelTimer
        case reportTimeout, reportDirected, reportIOPresent
    }

    package static func reduce(_ state: State, _ event: Event) -> Step<State, Effect>? {
        switch state {
        case .stopped: stopped(event)
        case .disabled: disabled(event)
        case .busy: busy(event)
        case .timerRunning: timerRunning(event)
        case .timedOut: timedOut(event)
        case .inDx: inDx(event)
        case .poweringUp: poweringUp(event)
        }
    }

    private typealias Reaction = Step<State, Effect>

    private static func stopped(_ event: Event) -> Reaction? {
        switch event {
        case .start: .go(.timerRunning, [.startTimer])
        case .startBusy: .go(.busy, [])
        case .disable: .go(.disabled, [])
        case .referenced, .released: .stay([])
        default: nil
        }
    }

    /// Also where a device without idle settings stays.
    private static func disabled(_ event: Event) -> Reaction? {
        switch event {
        case .enable: .go(.timerRunning, [.startTimer])
        case .enableBusy: .go(.busy, [])
        case .directed: .stay([.reportDirected])
        case .stop, .upFailed: .go(.stopped, [])
        case .disable, .referenced, .released, .down, .up, .upBusy: .stay([])
        default: nil
        }
    }

    private static func busy(_ event: Event) -> Reaction? {
        switch event {
        case .released: .go(.timerRunning, [.startTimer])
        case .directed: .go(.timedOut, [.reportDirected])
        case .disable: .go(.disabled, [])
        case .down: .go(.inDx, [])
        case .stop: .go(.stopped, [])
        case .enableBusy: .stay([])
        default: nil
        }
    }

    private static func timerRunning(_ event: Event) -> Reaction? {
        switch event {
        case .expired: .go(.timedOut, [.reportTimeout])
        case .directed: .go(.timedOut, [.cancelTimer, .reportDirected])
        case .referenced: .go(.busy, [.cancelTimer])
        // With the time-out that now holds.
        case .enable: .stay([.cancelTimer, .startTimer])
        case .disable: .go(.disabled, [.cancelTimer])
        case .down: .go(.inDx, [.cancelTimer])
        case .stop: .go(.stopped, [.cancelTimer])
        default: nil
        }
    }

    /// The policy has been told, and may still wait for leave to suspend.
    private static func timedOut(_ event: Event) -> Reaction? {
        switch event {
        case .referenced: .go(.poweringUp, [.reportIOPresent])
        case .down: .go(.inDx, [])
        // The policy could not suspend.
        case .up: .go(.timerRunning, [.startTimer])
        case .upBusy: .go(.busy, [])
        case .disable: .go(.disabled, [])
        case .stop: .go(.stopped, [])
        // It was told to go down while it was needed.
        case .released: .stay([])
        default: nil
        }
    }

    /// Down: for being idle, or while referenced because the system sleeps or it was told to.
    private static func inDx(_ event: Event) -> Reaction? {
        switch event {
        case .referenced: .go(.poweringUp, [.reportIOPresent])
        case .up: .go(.timerRunning, [.startTimer])
        case .upBusy: .go(.busy, [])
        case .upFailed, .stop: .go(.stopped, [])
        case .disable: .go(.disabled, [])
        case .released: .stay([])
        default: nil
        }
    }

    private static func poweringUp(_ event: Event) -> Reaction? {
        switch event {
        case .up: .go(.timerRunning, [.startTimer])
        case .upBusy: .go(.busy, [])
        case .upFailed, .stop: .go(.stopped, [])
        case .disable: .go(.disabled, [])
        case .referenced, .released: .stay([])
        default: nil
        }
    }
}
