/// What has happened to the device, as far as a rule speaks of it.
struct Facts: OptionSet, Hashable, Sendable {
    let rawValue: UInt64
    init(rawValue: UInt64) { self.rawValue = rawValue }
    private init(bit: UInt64) { rawValue = 1 << bit }

    // The hardware.
    static let isHardwareHeld = Facts(bit: 0)
    static let isPrepared = Facts(bit: 1)
    static let isInD0 = Facts(bit: 2)
    static let areInterruptsOn = Facts(bit: 3)
    /// Between `postInterruptsEnabled` and `preInterruptsDisabled`.
    static let isPastInterrupts = Facts(bit: 4)
    static let areChildrenScanned = Facts(bit: 5)
    static let areQueuesOn = Facts(bit: 6)
    static let isParentReferenced = Facts(bit: 7)
    /// Where it went down to.
    static let wentIdle = Facts(bit: 8)
    static let wentToSleep = Facts(bit: 9)
    /// A callback has failed since the hardware was prepared.
    static let hasFailed = Facts(bit: 10)

    // Self-managed I/O.
    static let wasInitialized = Facts(bit: 11)
    static let isSelfManagedIORunning = Facts(bit: 12)
    static let wasFlushed = Facts(bit: 13)
    static let wasCleanedUp = Facts(bit: 14)

    // Wake.
    static let isArmed = Facts(bit: 15)
    static let isArmedForSleep = Facts(bit: 16)
    static let hasArmFailed = Facts(bit: 17)
    static let wantsIdleWake = Facts(bit: 18)
    static let wantsSleepWake = Facts(bit: 19)
    static let hasSignalled = Facts(bit: 20)
    /// It signalled while it was down and armed: the driver must hear of it.
    static let mustTrigger = Facts(bit: 21)
    static let hasTriggered = Facts(bit: 22)
    static let hasWakeFailed = Facts(bit: 23)

    // Plug and Play.
    static let wasAdded = Facts(bit: 24)
    static let wasStartAsked = Facts(bit: 25)
    static let owesStart = Facts(bit: 26)
    static let owesRemoveAnswer = Facts(bit: 27)
    static let owesStopAnswer = Facts(bit: 28)
    static let owesStop = Facts(bit: 29)
    static let owesRestart = Facts(bit: 30)
    static let owesFailure = Facts(bit: 31)
    static let wasRemovalCancelled = Facts(bit: 32)
    static let wasStopCancelled = Facts(bit: 33)
    static let wasRemoveAsked = Facts(bit: 34)
    static let isGone = Facts(bit: 35)
    static let mustNotice = Facts(bit: 36)
    static let wasNoticed = Facts(bit: 37)
    static let wereChildrenTold = Facts(bit: 38)
    static let areChildrenGone = Facts(bit: 39)
    static let areInterfacesEnabled = Facts(bit: 40)
    static let wasFailureTold = Facts(bit: 41)
    static let wasRestartDecided = Facts(bit: 42)
    static let arePowerManagedQueuesPurged = Facts(bit: 43)
    static let areQueuesPurged = Facts(bit: 44)
    static let isDisposed = Facts(bit: 45)
    static let wasHardwareEverHeld = Facts(bit: 46)

    // The system, the settings, and who holds the device in D0.
    static let isSystemAsleep = Facts(bit: 47)
    static let owesSleep = Facts(bit: 48)
    static let isIdleEnabled = Facts(bit: 49)
    static let holdsIO = Facts(bit: 50)
    static let waitsForIO = Facts(bit: 51)
    static let holdsQuery = Facts(bit: 52)
    static let waitsForQuery = Facts(bit: 53)
    static let wasGranted = Facts(bit: 54)
    static let wasAddAsked = Facts(bit: 55)
    /// The way down that it is on has not gone well.
    static let hasDescentFailed = Facts(bit: 56)
    /// There was a reason to fail: a callback, the hardware, or the driver's own word.
    static let mayFail = Facts(bit: 57)
    static let hasAscentFailed = Facts(bit: 58)
    /// It could not be armed, and must come back (PNP-4).
    static let mustReturn = Facts(bit: 59)
    static let wasIOReported = Facts(bit: 60)
    /// It was down already when the system went to sleep (PNP-5).
    static let sleptIdle = Facts(bit: 61)

    static let held: Facts = [.holdsIO, .holdsQuery]
    static let waiting: Facts = [.waitsForIO, .waitsForQuery]
}
