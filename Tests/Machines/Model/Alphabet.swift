import DriverFoundation

/// Every event that each machine knows, numbered from one.
struct Alphabet: Sendable {
    struct Letters<Event: Hashable & Sendable>: Sendable {
        let events: [Event]
        private let numbers: [Event: UInt8]

        init(_ events: [Event]) {
            self.events = events
            numbers = Dictionary(
                uniqueKeysWithValues: events.enumerated().map { ($1, UInt8($0 + 1)) })
        }

        /// Zero for an event that is not in the list: an effect that posts it breaks a rule.
        func number(_ event: Event) -> UInt8 { numbers[event] ?? 0 }
    }

    let selfManagedIO = Letters(SelfManagedIOMachine.Event.allCases)
    let idle = Letters(IdleMachine.Event.allCases)
    let pnp = Letters(PnPMachine.Event.allCases)
    let power = Letters<PowerMachine.Event>([
        .implicitD0, .implicitD3(.suspend), .implicitD3(.removal), .dx(.d2), .dx(.d3), .completeDx,
        .d0, .completeD0, .parentInD0, .parentFailed, .d0Entered, .d0EntryFailed,
        .interruptsEnabled, .interruptEnableFailed, .postInterruptsEnabled, .postInterruptsFailed,
        .childrenScanned, .scanFailed, .selfManagedIOStarted, .selfManagedIOFailed,
        .selfManagedIOSuspended, .selfManagedIOSuspendFailed, .queuesHeld, .preInterruptsDisabled,
        .preInterruptsFailed, .interruptsDisabled, .interruptDisableFailed, .d0Exited,
        .d0ExitFailed,
    ])
    let policy = Letters<PowerPolicyMachine.Event>([
        .start, .stop(.suspend), .stop(.removal), .surpriseRemove, .remove, .poweredUp,
        .powerUpFailed, .ioStopped, .poweredDown, .powerDownFailed, .hardwareStarted,
        .timeout(wakes: false, asks: false), .timeout(wakes: false, asks: true),
        .timeout(wakes: true, asks: false), .timeout(wakes: true, asks: true),
        .ioPresent, .idleEnabled, .idleDisabled, .suspendGranted, .suspendRefused, .wake,
        .wakeFailed, .sleep(wakes: false), .sleep(wakes: true), .resume(powersIdle: false),
        .resume(powersIdle: true), .armed, .armFailed, .wakeNoticed, .disarmed,
    ])
}
