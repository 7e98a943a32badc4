/// A callback of the driver, as reports name it.
public enum DriverCallback: String, Sendable, Hashable, CaseIterable {
    /// `init(device:)`.
    case deviceAdd
    /// `prepareHardware()`.
    case prepareHardware
    /// `enterD0(from:)`.
    case enterD0
    /// `exitD0(to:)`.
    case exitD0
    /// `releaseHardware()`.
    case releaseHardware
    /// `surpriseRemoval()`.
    case surpriseRemoval
    /// `queryRemove()`.
    case queryRemove
}

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
        }
    }
}
