/// What the machines of one device and their effects keep.
struct LifecycleState {
    var policy = MachineRun<PowerPolicyMachine>(.created)
    var idle = MachineRun<IdleMachine>(.stopped)
    var selfManagedIO = MachineRun<SelfManagedIOMachine>(.created)
    var isRunning = false
    /// Asked each time the machines rest, until they return `true`.
    var waiters: [@Sendable (Device) -> Bool] = []
    /// Around the driver, the outermost first (CX-1).
    var layers: [any DriverLayer] = []
    /// Whether the driver was asked to prepare the hardware, and not yet to release it.
    var isPrepared = false
    var power = PowerUse()
    var areInterfacesEnabled = false
    /// Removals of children that have not ended.
    var childRemovals = 0
    var isWaitingForChildren = false
    var stopQueries: [Resumption<DeviceError?>] = []
    var stopRefusal: DeviceError?
    /// The bus has reported the departure.
    var hasDeparted = false
    /// What is to follow a failure (DEV-17).
    var mayRestart = true
    /// A new device follows this one's end (PNP-18).
    var isRestarting = false
    /// The tasks of the callbacks that run now.
    var callbackTasks: [Int] = []
}

/// Who needs a device in D0, and what it may do when nobody does.
struct PowerUse {
    /// Who needs D0 now, the first to ask first (WAKE-2).
    var references: [PowerReference] = []
    /// A query that is pending keeps the device awake (PNP-6).
    var query: PowerReference?
    /// Parts of the device that have no name of their own here: queues, children.
    var parts: PowerReference?
    var settings = IdleSettings.Choice()
    var timer: Deadline?
    var loop = WakeLoop()
    /// Whoever waits for the system's sleep.
    var sleepers: [Resumption<Void>] = []
    /// Counts requests for leave to suspend, so that a late answer is known as late.
    var suspendRequest = 0
    var wantsSuspend = false
    /// The bus has been asked, and has not answered or has answered too late.
    var isAsking = false
    var isSuspended = false
}
