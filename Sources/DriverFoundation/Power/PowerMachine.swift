/// Entering and leaving D0 (WDF's power machine; PNP-1 from D0Entry on, PNP-2, PNP-13…15).
package enum PowerMachine: StateMachine {
    /// Why and from where the device comes up.
    package enum Rise: Hashable, Sendable {
        /// It is started.
        case start
        /// It returns from a lower power state that it was in for a while.
        case back(from: PowerState)

        var previous: PowerState {
            switch self {
            case .start: .d3Final
            case .back(let from): from
            }
        }
    }

    /// Why and to where the device goes down.
    package enum Descent: Hashable, Sendable {
        /// To a lower power state, for a while.
        case suspend(PowerState)
        /// Stopped or removed.
        case end(HoldReason)
        /// Coming up has failed after `enterD0(from:)` (PNP-14).
        case undo

        var target: PowerState {
            switch self {
            case .suspend(let target): target
            case .end, .undo: .d3Final
            }
        }

        var holdReason: HoldReason {
            switch self {
            case .suspend: .suspend
            case .end(let reason): reason
            case .undo: .removal
            }
        }
    }

    package enum State: Hashable, Sendable {
        case off
        case waitingForParent(Rise)
        case enteringD0(Rise)
        case enablingInterrupts(Rise)
        case interruptsEnabled(Rise)
        case scanningChildren(Rise)
        case hardwareStarted
        case startingSelfManagedIO
        case d0
        case suspendingSelfManagedIO(Descent)
        case holdingQueues(Descent, failed: Bool)
        case ioStopped(PowerState, failed: Bool)
        case disablingHardware(Descent, failed: Bool)
        case disablingInterrupts(Descent, failed: Bool)
        case exitingD0(Descent, failed: Bool)
        case dx(PowerState)
    }

    package enum Event: Hashable, Sendable {
        /// From the power policy.
        case implicitD0, implicitD3(HoldReason), dx(PowerState), completeDx, d0, completeD0
        /// From the parent.
        case parentInD0, parentFailed
        /// The ends of what the effects began.
        case d0Entered, d0EntryFailed
        case interruptsEnabled, interruptEnableFailed
        case postInterruptsEnabled, postInterruptsFailed
        case childrenScanned, scanFailed
        case selfManagedIOStarted, selfManagedIOFailed
        case selfManagedIOSuspended, selfManagedIOSuspendFailed
        case queuesHeld
        case preInterruptsDisabled, preInterruptsFailed
        case interruptsDisabled, interruptDisableFailed
        case d0Exited, d0ExitFailed
    }

    package enum Effect: Hashable, Sendable {
        case referenceParent, releaseParent
        case callEnterD0(from: PowerState)
        case enableInterrupts
        case callPostInterruptsEnabled(from: PowerState)
        case scanChildren
        case startQueues
        case startSelfManagedIO, suspendSelfManagedIO
        case holdQueues(HoldReason)
        case callPreInterruptsDisabled(to: PowerState)
        case disableInterrupts
        case callExitD0(to: PowerState)
        case reportHardwareStarted, reportPoweredUp, reportPowerUpFailed
        case reportIOStopped, reportPoweredDown, reportPowerDownFailed
    }

    package static func reduce(_ state: State, _ event: Event) -> Step<State, Effect>? {
        switch state {
        case .off: off(event)
        case .waitingForParent(let rise): waitingForParent(event, rise)
        case .enteringD0(let rise): enteringD0(event, rise)
        case .enablingInterrupts(let rise): enablingInterrupts(event, rise)
        case .interruptsEnabled(let rise): interruptsEnabled(event, rise)
        case .scanningChildren(let rise): scanningChildren(event, rise)
        case .hardwareStarted: hardwareStarted(event)
        case .startingSelfManagedIO: startingSelfManagedIO(event)
        case .d0: d0(event)
        case .suspendingSelfManagedIO(let descent): suspendingSelfManagedIO(event, descent)
        case .holdingQueues(let descent, let failed): holdingQueues(event, descent, failed)
        case .ioStopped(let target, let failed): ioStopped(event, target, failed)
        case .disablingHardware(let descent, let failed): disablingHardware(event, descent, failed)
        case .disablingInterrupts(let descent, let failed):
            disablingInterrupts(event, descent, failed)
        case .exitingD0(let descent, let failed): exitingD0(event, descent, failed)
        case .dx(let state): dx(event, state)
        }
    }
}

/// The way up.
extension PowerMachine {
    private typealias Reaction = Step<State, Effect>

    private static func off(_ event: Event) -> Reaction? {
        switch event {
        case .implicitD0: .go(.waitingForParent(.start), [.referenceParent])
        default: nil
        }
    }

    private static func waitingForParent(_ event: Event, _ rise: Rise) -> Reaction? {
        switch event {
        case .parentInD0: .go(.enteringD0(rise), [.callEnterD0(from: rise.previous)])
        case .parentFailed: .go(.off, [.releaseParent, .reportPowerUpFailed])
        default: nil
        }
    }

    private static func enteringD0(_ event: Event, _ rise: Rise) -> Reaction? {
        switch event {
        case .d0Entered: .go(.enablingInterrupts(rise), [.enableInterrupts])
        // PNP-13: a device whose D0Entry failed gets no D0Exit.
        case .d0EntryFailed: .go(.off, [.releaseParent, .reportPowerUpFailed])
        default: nil
        }
    }

    private static func enablingInterrupts(_ event: Event, _ rise: Rise) -> Reaction? {
        switch event {
        case .interruptsEnabled:
            .go(.interruptsEnabled(rise), [.callPostInterruptsEnabled(from: rise.previous)])
        // PNP-14: those that were enabled are disabled.
        case .interruptEnableFailed:
            .go(.disablingInterrupts(.undo, failed: true), [.disableInterrupts])
        default: nil
        }
    }

    private static func interruptsEnabled(_ event: Event, _ rise: Rise) -> Reaction? {
        switch event {
        case .postInterruptsEnabled: .go(.scanningChildren(rise), [.scanChildren])
        case .postInterruptsFailed:
            .go(.disablingInterrupts(.undo, failed: true), [.disableInterrupts])
        default: nil
        }
    }

    private static func scanningChildren(_ event: Event, _ rise: Rise) -> Reaction? {
        switch (event, rise) {
        case (.childrenScanned, .start):
            .go(.startingSelfManagedIO, [.startQueues, .startSelfManagedIO])
        // PNP-4: the policy disarms wake before I/O begins.
        case (.childrenScanned, .back): .go(.hardwareStarted, [.reportHardwareStarted])
        case (.scanFailed, _):
            .go(
                .disablingHardware(.undo, failed: true), [.callPreInterruptsDisabled(to: .d3Final)]
            )
        default: nil
        }
    }

    private static func hardwareStarted(_ event: Event) -> Reaction? {
        switch event {
        case .completeD0: .go(.startingSelfManagedIO, [.startQueues, .startSelfManagedIO])
        default: nil
        }
    }

    private static func startingSelfManagedIO(_ event: Event) -> Reaction? {
        switch event {
        case .selfManagedIOStarted: .go(.d0, [.reportPoweredUp])
        // PNP-14: unwound in reverse, and D0Exit is called.
        case .selfManagedIOFailed:
            .go(.suspendingSelfManagedIO(.undo), [.suspendSelfManagedIO])
        default: nil
        }
    }

    private static func d0(_ event: Event) -> Reaction? {
        switch event {
        case .dx(let target):
            .go(.suspendingSelfManagedIO(.suspend(target)), [.suspendSelfManagedIO])
        case .implicitD3(let reason):
            .go(.suspendingSelfManagedIO(.end(reason)), [.suspendSelfManagedIO])
        default: nil
        }
    }

    private static func dx(_ event: Event, _ state: PowerState) -> Reaction? {
        switch event {
        case .d0: .go(.waitingForParent(.back(from: state)), [.referenceParent])
        // PNP-8: D0Exit was called when it went to Dx.
        case .implicitD3: .go(.off, [.reportPoweredDown])
        default: nil
        }
    }
}

/// The way down (PNP-2); whatever fails on it, it is gone to its end (PNP-15).
extension PowerMachine {
    private static func suspendingSelfManagedIO(_ event: Event, _ descent: Descent) -> Reaction? {
        let hold = [Effect.holdQueues(descent.holdReason)]
        return switch event {
        case .selfManagedIOSuspended: .go(.holdingQueues(descent, failed: descent == .undo), hold)
        case .selfManagedIOSuspendFailed: .go(.holdingQueues(descent, failed: true), hold)
        default: nil
        }
    }

    private static func holdingQueues(
        _ event: Event, _ descent: Descent, _ failed: Bool
    ) -> Reaction? {
        guard event == .queuesHeld else { return nil }
        // The policy arms wake here.
        if case .suspend(let target) = descent {
            return .go(.ioStopped(target, failed: failed), [.reportIOStopped])
        }
        return .go(
            .disablingHardware(descent, failed: failed),
            [.callPreInterruptsDisabled(to: descent.target)])
    }

    private static func ioStopped(
        _ event: Event, _ target: PowerState, _ failed: Bool
    ) -> Reaction? {
        guard event == .completeDx else { return nil }
        return .go(
            .disablingHardware(.suspend(target), failed: failed),
            [.callPreInterruptsDisabled(to: target)])
    }

    private static func disablingHardware(
        _ event: Event, _ descent: Descent, _ failed: Bool
    ) -> Reaction? {
        switch event {
        case .preInterruptsDisabled:
            .go(.disablingInterrupts(descent, failed: failed), [.disableInterrupts])
        case .preInterruptsFailed:
            .go(.disablingInterrupts(descent, failed: true), [.disableInterrupts])
        default: nil
        }
    }

    private static func disablingInterrupts(
        _ event: Event, _ descent: Descent, _ failed: Bool
    ) -> Reaction? {
        let exit = [Effect.callExitD0(to: descent.target)]
        return switch event {
        case .interruptsDisabled: .go(.exitingD0(descent, failed: failed), exit)
        case .interruptDisableFailed: .go(.exitingD0(descent, failed: true), exit)
        default: nil
        }
    }

    private static func exitingD0(
        _ event: Event, _ descent: Descent, _ failed: Bool
    ) -> Reaction? {
        let hasFailed: Bool
        switch event {
        case .d0Exited: hasFailed = failed
        case .d0ExitFailed: hasFailed = true
        default: return nil
        }
        return switch descent {
        case .undo: .go(.off, [.releaseParent, .reportPowerUpFailed])
        case _ where hasFailed: .go(.off, [.releaseParent, .reportPowerDownFailed])
        case .suspend(let target): .go(.dx(target), [.releaseParent, .reportPoweredDown])
        case .end: .go(.off, [.releaseParent, .reportPoweredDown])
        }
    }
}
