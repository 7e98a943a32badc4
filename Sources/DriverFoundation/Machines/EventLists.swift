// Every event of the machines whose events carry values, in the order of their declarations: what
// charts are drawn from and explorations begin with.

extension PowerMachine.Event: CaseIterable {
    package static var allCases: [Self] {
        [
            .implicitD0, .implicitD3(.suspend), .implicitD3(.removal), .dx(.d1), .dx(.d2), .dx(.d3),
            .completeDx, .d0, .completeD0,
            .parentInD0, .parentFailed,
            .d0Entered, .d0EntryFailed, .interruptsEnabled, .interruptEnableFailed,
            .postInterruptsEnabled, .postInterruptsFailed, .childrenScanned, .scanFailed,
            .selfManagedIOStarted, .selfManagedIOFailed, .selfManagedIOSuspended,
            .selfManagedIOSuspendFailed, .queuesHeld, .preInterruptsDisabled,
            .preInterruptsFailed, .interruptsDisabled, .interruptDisableFailed, .d0Exited,
            .d0ExitFailed,
        ]
    }
}

extension PowerPolicyMachine.Event: CaseIterable {
    package static var allCases: [Self] {
        [
            .start, .stop(.suspend), .stop(.removal), .surpriseRemove, .remove,
            .poweredUp, .powerUpFailed, .ioStopped, .poweredDown, .powerDownFailed,
            .hardwareStarted,
            .timeout(wakes: false, asks: false), .timeout(wakes: false, asks: true),
            .timeout(wakes: true, asks: false), .timeout(wakes: true, asks: true), .ioPresent,
            .idleEnabled, .idleDisabled,
            .suspendGranted, .suspendRefused, .wake, .wakeFailed,
            .systemSleep(wakes: false), .systemSleep(wakes: true), .resume(powersIdle: false),
            .resume(powersIdle: true),
            .armed, .armFailed, .wakeNoticed, .disarmed,
        ]
    }
}
