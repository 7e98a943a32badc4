/// What a device keeps of the objects that belong to it.
struct DeviceParts {
    /// In the order in which they are enabled (PNP-1).
    var interrupts: [any InterruptLine] = []
    /// Whether interrupts are enabled now.
    var isInterruptible = false
    /// Tells whoever watches over power that a wake interrupt came (I-4).
    var wakeSignalled: (@Sendable () -> Void)?
    /// The wait locks that tasks hold (L-6).
    var heldLocks: [HeldLock] = []
    /// Waits that end when the device goes.
    var departures = Departures()
    /// The queue in which the driver looks at requests before their own (DEV-10).
    var preprocessing: RequestQueue?
    /// Who is told of the machines' states (DEV-13).
    var stateObservers: [StateObserver] = []
    /// Whether the device has come to its end, objects included.
    var isDisposed = false
}
