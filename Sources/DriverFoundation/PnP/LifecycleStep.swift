/// One step of a device's life, as an observer sees it: the driver's callbacks and what the
/// framework does between them, in the order of PNP-1…16.
public enum LifecycleStep: Sendable, Hashable {
    /// The device arrived and was matched to a driver.
    case matched(driver: String)
    /// A callback began.
    case began(DriverCallback)
    /// A callback returned.
    case returned(DriverCallback)
    /// A callback threw.
    case threw(DriverCallback, DeviceError)
    /// The device is open and its interfaces are claimed.
    case hardwareAcquired
    /// The device could not be opened or claimed.
    case hardwareRefused(DeviceError)
    /// Power-managed queues hand out requests.
    case queuesStarted
    /// Power-managed queues hand out nothing, and the driver owns no request of them.
    case queuesHeld
    /// Programs can open the device.
    case interfacesEnabled
    /// Programs cannot open the device any more.
    case interfacesDisabled
    /// The start is complete: the device works.
    case started
    /// The start failed.
    case startFailed
    /// Requests in power-managed queues were cancelled.
    case powerManagedQueuesPurged
    /// Interfaces were given back and the device was closed.
    case hardwareClosed
    /// Requests in all queues were cancelled.
    case queuesPurged
    /// The sources of interrupts are enabled.
    case interruptsEnabled
    /// A source of interrupts could not be enabled.
    case interruptsFailed(DeviceError)
    /// The sources of interrupts are disabled.
    case interruptsDisabled
    /// The device has looked for its children.
    case childrenScanned
    /// The device is stopped, to be started again.
    case stopped
    /// The device has stopped working.
    case failed
    /// Whoever asked for a removal or a stop was refused without asking the driver.
    case vetoed(DeviceError)
    /// The device failed, and is made anew (PNP-18).
    case restartGranted
    /// The device failed, and stays so.
    case restartRefused
    /// Nothing has asked for the device for the time that was settled.
    case idleTimeout
    /// Whoever manages the machine sends the device to sleep.
    case suspendDirected
    /// The bus may suspend the device.
    case suspendGranted
    /// The bus does not suspend the device, which stays in D0.
    case suspendRefused(DeviceError)
    /// The bus has resumed the device.
    case resumed
    /// The device was woken for nothing again and again, last by this.
    case wakeLoop(String)
    /// Every client has closed the device, and it is forgotten.
    case disposed
}

extension LifecycleStep {
    /// The step in one number, for records: the callback's place in the low byte for its steps.
    var number: UInt64 {
        func with(_ callback: DriverCallback, _ base: UInt64) -> UInt64 {
            base << 8 | UInt64(DriverCallback.allCases.firstIndex(of: callback) ?? 0)
        }
        return switch self {
        case .matched: 1 << 8
        case .began(let callback): with(callback, 2)
        case .returned(let callback): with(callback, 3)
        case .threw(let callback, _): with(callback, 4)
        case .hardwareAcquired: 5 << 8
        case .hardwareRefused: 6 << 8
        case .queuesStarted: 7 << 8
        case .queuesHeld: 8 << 8
        case .interfacesEnabled: 9 << 8
        case .interfacesDisabled: 10 << 8
        case .started: 11 << 8
        case .startFailed: 12 << 8
        case .powerManagedQueuesPurged: 13 << 8
        case .hardwareClosed: 14 << 8
        case .queuesPurged: 15 << 8
        case .disposed: 16 << 8
        case .interruptsEnabled: 17 << 8
        case .interruptsFailed: 18 << 8
        case .interruptsDisabled: 19 << 8
        case .childrenScanned: 20 << 8
        case .stopped: 21 << 8
        case .failed: 22 << 8
        case .vetoed: 23 << 8
        case .restartGranted: 24 << 8
        case .restartRefused: 25 << 8
        case .idleTimeout: 26 << 8
        case .suspendDirected: 27 << 8
        case .suspendGranted: 28 << 8
        case .suspendRefused: 29 << 8
        case .resumed: 30 << 8
        case .wakeLoop: 31 << 8
        }
    }
}

extension LifecycleStep: CustomStringConvertible {
    /// A few words, as golden logs have them.
    public var description: String {
        switch self {
        case .matched(let driver): "matched to \(driver)"
        case .began(let callback): "\(callback.rawValue) …"
        case .returned(let callback): "\(callback.rawValue) returned"
        case .threw(let callback, let error): "\(callback.rawValue) threw: \(error.code)"
        case .hardwareAcquired: "hardware acquired"
        case .hardwareRefused(let error): "hardware refused: \(error.code)"
        case .queuesStarted: "power-managed queues started"
        case .queuesHeld: "power-managed queues held"
        case .interfacesEnabled: "interfaces enabled"
        case .interfacesDisabled: "interfaces disabled"
        case .started: "started"
        case .startFailed: "start failed"
        case .powerManagedQueuesPurged: "power-managed queues purged"
        case .hardwareClosed: "hardware closed"
        case .queuesPurged: "all queues purged"
        case .disposed: "disposed"
        case .interruptsEnabled: "interrupts enabled"
        case .interruptsFailed(let error): "interrupts failed: \(error.code)"
        case .interruptsDisabled: "interrupts disabled"
        case .childrenScanned: "children scanned"
        case .stopped: "stopped"
        case .failed: "failed"
        case .vetoed(let error): "vetoed: \(error.code)"
        case .restartGranted: "restart granted"
        case .restartRefused: "restart refused"
        case .idleTimeout: "idle"
        case .suspendDirected: "told to suspend"
        case .suspendGranted: "bus may suspend"
        case .suspendRefused(let error): "bus does not suspend: \(error.code)"
        case .resumed: "resumed by the bus"
        case .wakeLoop(let waker): "woken for nothing by \(waker)"
        }
    }
}
