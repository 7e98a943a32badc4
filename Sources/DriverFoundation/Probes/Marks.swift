package import DriverRuntime

/// The interleavings that simulations must have seen: each is a race that a driver's author would
/// have to think of without the framework.
extension Mark {
    /// The client gave up before its request reached the device.
    static let cancelBeforeArrival = Mark("cancel before arrival")
    /// The client gave up while its request waited in a queue.
    static let cancelWhileQueued = Mark("cancel while queued")
    /// The client gave up while the driver owned its request.
    static let cancelWhileOwned = Mark("cancel while owned")
    /// A transfer was to begin for a request that had been cancelled.
    static let cancelBeforeSubmit = Mark("cancel before submit")
    /// A transfer completed although its request had been cancelled.
    static let completionBeatsCancel = Mark("completion beats cancel")
    /// A transfer completed although its deadline had passed.
    static let completionBeatsDeadline = Mark("completion beats deadline")
    /// A deadline fired between a transfer's completion and its waiter's going on.
    static let deadlineAfterCompletion = Mark("deadline after completion")
    /// The driver completed a request from inside its cancel handler.
    static let completedFromCancelHandler = Mark("completed from the cancel handler")
    /// A cancelled request was forwarded or requeued.
    static let forwardedWhenCancelled = Mark("forwarded when cancelled")
    /// A request was forwarded or requeued to a queue that takes nothing any more.
    static let forwardedToPurgedQueue = Mark("forwarded to a purged queue")
    /// The driver dropped a request.
    static let requestAbandoned = Mark("request abandoned")
    /// The next request was delivered while the handler of the previous one still ran.
    static let handlerOutlivesRequest = Mark("handler outlives its request")
    /// The device left D0 while the driver owned requests.
    static let heldWithOwned = Mark("power-down awaits the driver's requests")
    /// A queue was purged while the driver owned requests of it.
    static let purgedWithOwned = Mark("purge awaits the driver's requests")
    /// A file was closed while the driver owned requests of it.
    static let closedWithOwned = Mark("file closed with owned requests")
    /// A program opened a device that was going.
    static let openedWhenGoing = Mark("open of a device that goes")

    /// A departure came while transfers were in flight.
    static let departureBeforeFailures = Mark("departure before the failures")
    /// A departure came while failures waited for it.
    static let failuresBeforeDeparture = Mark("failures before the departure")
    /// A failure's departure never came.
    static let failureWithoutDeparture = Mark("failure without a departure")
    /// The departure came while the driver was being made.
    static let departureWhileAdding = Mark("departure during deviceAdd")
    /// The departure came while the device was being opened.
    static let departureWhileAcquiring = Mark("departure while opening")
    /// The departure came during `prepareHardware()`.
    static let departureWhilePreparing = Mark("departure during prepareHardware")
    /// The departure came during `enterD0(from:)`.
    static let departureWhileEnteringD0 = Mark("departure during enterD0")
    /// The departure came while the driver was asked for its consent.
    static let departureWhileQuerying = Mark("departure during queryRemove")
    /// The departure came while queues were being held.
    static let departureWhileHolding = Mark("departure while queues are held")
    /// The departure came during `exitD0(to:)`.
    static let departureWhileExitingD0 = Mark("departure during exitD0")
    /// The departure came during `releaseHardware()`.
    static let departureWhileReleasing = Mark("departure during releaseHardware")
    /// The departure came while the hardware was being closed.
    static let departureWhileClosing = Mark("departure while closing")

    /// A reader was stopped while transfers were in flight.
    static let readerStoppedInFlight = Mark("reader stopped in flight")
    /// A reader was stopped while it recovered.
    static let readerStoppedRecovering = Mark("reader stopped while recovering")
    /// A recovery woke up after its reader had been stopped.
    static let recoveryOutlived = Mark("recovery outlived by its reader's stop")
    /// A reader gave up after too many failures.
    static let readerGaveUp = Mark("reader gave up")
    /// A reader was not stopped by its driver.
    static let readerForgotten = Mark("reader stopped for its driver")
    /// A transfer waited for a halt that was being cleared.
    static let waitedForClearedHalt = Mark("transfer waits for a cleared halt")
    /// A pipe was asked for while a setting was being selected.
    static let waitedForSetting = Mark("pipe waits for a setting")

    /// All of them.
    package static let framework: [Mark] = [
        cancelBeforeArrival, cancelWhileQueued, cancelWhileOwned, cancelBeforeSubmit,
        completionBeatsCancel, completionBeatsDeadline, deadlineAfterCompletion,
        completedFromCancelHandler, forwardedWhenCancelled, forwardedToPurgedQueue,
        requestAbandoned, handlerOutlivesRequest, heldWithOwned, purgedWithOwned, closedWithOwned,
        openedWhenGoing,
        departureBeforeFailures, failuresBeforeDeparture, failureWithoutDeparture,
        departureWhileAdding, departureWhileAcquiring, departureWhilePreparing,
        departureWhileEnteringD0, departureWhileQuerying, departureWhileHolding,
        departureWhileExitingD0, departureWhileReleasing, departureWhileClosing,
        readerStoppedInFlight, readerStoppedRecovering, recoveryOutlived, readerGaveUp,
        readerForgotten, waitedForClearedHalt, waitedForSetting,
    ]
}

extension Device {
    /// Counts in which moment of the device's life its departure came.
    func reachDeparture() {
        guard loop.probes != nil else { return }
        if state.value.hardware?.isBusy == true { loop.reach(.departureBeforeFailures) }
        if !state.value.removalWaiters.isEmpty { loop.reach(.failuresBeforeDeparture) }
        reachPowerOfDeparture()
        switch (state.value.pnp.state, state.value.power.state) {
        case (.addingDevice, _): loop.reach(.departureWhileAdding)
        case (.acquiringHardware, _): loop.reach(.departureWhileAcquiring)
        case (.preparingHardware, _): loop.reach(.departureWhilePreparing)
        case (.startingPolicy, .enteringD0): loop.reach(.departureWhileEnteringD0)
        case (.asking(.remove), _): loop.reach(.departureWhileQuerying)
        case (.goingDown, .holdingQueues): loop.reach(.departureWhileHolding)
        case (.goingDown, .exitingD0): loop.reach(.departureWhileExitingD0)
        case (.releasingHardware, _): loop.reach(.departureWhileReleasing)
        case (.closingHardware, _): loop.reach(.departureWhileClosing)
        default: break
        }
    }
}
