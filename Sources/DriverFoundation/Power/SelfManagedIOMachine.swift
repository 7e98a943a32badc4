/// Work that a driver does by itself while its device is in D0 (CB-4; WDF's self-managed I/O
/// machine).
///
/// Init runs once in a device's life, then Suspend and Restart in pairs; at removal Flush and
/// Cleanup run once each, also after an Init that failed, and not at all without one.
package enum SelfManagedIOMachine: StateMachine {
    package enum State: Hashable, Sendable, CaseIterable {
        case created
        case initializing
        case initializeFailed
        case started
        case suspending
        case stopped
        case restarting
        case restartFailed
        case flushing
        case flushed
        case cleaningUp
        case final
    }

    package enum Event: Hashable, Sendable, CaseIterable {
        case start, suspend, flush, cleanUp
        case initialized, initializeFailed
        case suspended, suspendFailed
        case restarted, restartFailed
        case flushed, cleanedUp
    }

    package enum Effect: Hashable, Sendable, CaseIterable {
        case callInitialize, callSuspend, callRestart, callFlush, callCleanUp
        case reportStarted, reportStartFailed
        case reportSuspended, reportSuspendFailed
        case reportFlushed, reportCleanedUp
    }

    package static func reduce(_ state: State, _ event: Event) -> Step<State, Effect>? {
        switch state {
        case .created: created(event)
        case .initializing: initializing(event)
        case .initializeFailed, .restartFailed: failed(event)
        case .started: event == .suspend ? .go(.suspending, [.callSuspend]) : nil
        case .suspending: suspending(event)
        case .stopped: stopped(event)
        case .restarting: restarting(event)
        case .flushing: event == .flushed ? .go(.flushed, [.reportFlushed]) : nil
        case .flushed: event == .cleanUp ? .go(.cleaningUp, [.callCleanUp]) : nil
        case .cleaningUp: event == .cleanedUp ? .go(.final, [.reportCleanedUp]) : nil
        case .final: nil
        }
    }

    /// A device that was never started gets neither Flush nor Cleanup.
    private static func created(_ event: Event) -> Step<State, Effect>? {
        switch event {
        case .start: .go(.initializing, [.callInitialize])
        case .flush: .stay([.reportFlushed])
        case .cleanUp: .go(.final, [.reportCleanedUp])
        default: nil
        }
    }

    private static func initializing(_ event: Event) -> Step<State, Effect>? {
        switch event {
        case .initialized: .go(.started, [.reportStarted])
        case .initializeFailed: .go(.initializeFailed, [.reportStartFailed])
        default: nil
        }
    }

    /// PNP-14: nothing to suspend; Flush and Cleanup follow all the same.
    private static func failed(_ event: Event) -> Step<State, Effect>? {
        switch event {
        case .suspend: .stay([.reportSuspended])
        case .flush: .go(.flushing, [.callFlush])
        default: nil
        }
    }

    private static func suspending(_ event: Event) -> Step<State, Effect>? {
        switch event {
        case .suspended: .go(.stopped, [.reportSuspended])
        // PNP-15: the way down goes on.
        case .suspendFailed: .go(.stopped, [.reportSuspendFailed])
        default: nil
        }
    }

    private static func stopped(_ event: Event) -> Step<State, Effect>? {
        switch event {
        case .start: .go(.restarting, [.callRestart])
        case .flush: .go(.flushing, [.callFlush])
        default: nil
        }
    }

    private static func restarting(_ event: Event) -> Step<State, Effect>? {
        switch event {
        case .restarted: .go(.started, [.reportStarted])
        case .restartFailed: .go(.restartFailed, [.reportStartFailed])
        default: nil
        }
    }
}
