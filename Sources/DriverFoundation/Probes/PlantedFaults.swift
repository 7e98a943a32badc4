package import DriverRuntime

/// Mistakes that the framework makes when a test plants them: what the storm of simulations must
/// find to be believed when it finds nothing.
extension PlantedFault {
    /// A request that waits in a queue is not taken out when its client gives up.
    static let lostCancelWhileQueued = PlantedFault("a cancel is lost while the request is queued")
    /// What the driver awaits for a request does not end when its client gives up.
    static let lostCancelWhileOwned = PlantedFault("a cancel is lost while the request is owned")
    /// A cancel ends the wait for a transfer, not the transfer.
    static let earlyResume = PlantedFault("a wait ends before its transfer")
    /// A deadline stays armed after its transfer has completed.
    static let deadlineLeftArmed = PlantedFault("a deadline is not disarmed")
    /// A queue hands out requests outside of D0.
    static let deliveryOutOfD0 = PlantedFault("a queue delivers outside of D0")
    /// A sequential queue hands out the next request while the driver owns one.
    static let deliveryBeyondLimit = PlantedFault("a queue delivers one request too many")
    /// A queue goes on counting a forwarded request as the driver's.
    static let forwardStaysOwned = PlantedFault("a forwarded request still counts as owned")
    /// Whoever waits for the last owned request is not woken.
    static let lostWakeOfSettle = PlantedFault("the last request to leave wakes nobody")
    /// A purge forgets one request.
    static let purgeForgets = PlantedFault("a purge forgets a request")
    /// A purge completes one request twice.
    static let purgeCompletesTwice = PlantedFault("a purge completes a request twice")
    /// A file that is closed does not cancel its requests.
    static let closeCancelsNothing = PlantedFault("a closed file cancels nothing")
    /// A departure is taken for two.
    static let departureCountedTwice = PlantedFault("a departure is counted twice")
    /// An interface stays enabled.
    static let interfaceStaysEnabled = PlantedFault("an interface stays enabled")
    /// A reader submits the transfer that has just completed along with the spare one.
    static let doubledResubmit = PlantedFault("a reader submits a transfer twice")
    /// A reader submits again while it is being stopped.
    static let missingStoppingFlag = PlantedFault("a reader does not know that it stops")
    /// A recovery goes on after its reader was stopped.
    static let recoveryIgnoresStop = PlantedFault("a reader's recovery ignores its stop")
    /// A halt is cleared while transfers are in flight.
    static let undrainedClear = PlantedFault("a halt is cleared under a transfer")

    /// All of them.
    package static let framework: [PlantedFault] = [
        lostCancelWhileQueued, lostCancelWhileOwned, earlyResume, deadlineLeftArmed,
        deliveryOutOfD0, deliveryBeyondLimit, forwardStaysOwned, lostWakeOfSettle, purgeForgets,
        purgeCompletesTwice, closeCancelsNothing, departureCountedTwice, interfaceStaysEnabled,
        doubledResubmit, missingStoppingFlag, recoveryIgnoresStop, undrainedClear,
    ]
}
