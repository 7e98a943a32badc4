package import DriverRuntime

/// Mistakes about power that the framework makes when a test plants them.
extension PlantedFault {
    /// Nobody is told of a claim on D0.
    static let referenceLost = PlantedFault("a claim on D0 is lost")
    /// A claim stays when it has ended.
    static let referenceLeaked = PlantedFault("a claim on D0 stays when it has ended")
    /// The end of one claim is the end of all.
    static let referenceEndsAll = PlantedFault("the end of a claim on D0 ends all")
    /// The idle timer is not stopped.
    static let idleTimerLeftArmed = PlantedFault("the idle timer fires in spite of a claim")
    /// The system sleeps before a device is down.
    static let sleepAcknowledgedEarly = PlantedFault("the system's sleep is acknowledged early")
    /// The system waits for a device that has been down for long.
    static let sleepNotAcknowledged = PlantedFault("the system's sleep is not acknowledged")
    /// What the bus granted too late stays granted.
    static let lateSuspendKept = PlantedFault("a leave to suspend is kept that comes too late")

    /// All of them.
    package static let power: [PlantedFault] = [
        referenceLost, referenceLeaked, referenceEndsAll, idleTimerLeftArmed,
        sleepAcknowledgedEarly, sleepNotAcknowledged, lateSuspendKept,
    ]
}
