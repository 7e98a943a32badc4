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
    /// Whether the device has come to its end, objects included.
    var isDisposed = false
}
