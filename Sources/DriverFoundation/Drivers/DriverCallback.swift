/// A callback of the driver, as reports name it.
public enum DriverCallback: String, Sendable, Hashable, CaseIterable {
    /// `init(device:)`.
    case deviceAdd
    /// `prepareHardware()`.
    case prepareHardware
    /// `enterD0(from:)`.
    case enterD0
    /// `postInterruptsEnabled(from:)`.
    case postInterruptsEnabled
    /// `initializeSelfManagedIO()`.
    case initializeSelfManagedIO
    /// `restartSelfManagedIO()`.
    case restartSelfManagedIO
    /// `suspendSelfManagedIO()`.
    case suspendSelfManagedIO
    /// `flushSelfManagedIO()`.
    case flushSelfManagedIO
    /// `cleanUpSelfManagedIO()`.
    case cleanUpSelfManagedIO
    /// `armWake(for:)`.
    case armWake
    /// `wakeTriggered(for:)`.
    case wakeTriggered
    /// `disarmWake(for:)`.
    case disarmWake
    /// `preInterruptsDisabled(to:)`.
    case preInterruptsDisabled
    /// `exitD0(to:)`.
    case exitD0
    /// `releaseHardware()`.
    case releaseHardware
    /// `surpriseRemoval()`.
    case surpriseRemoval
    /// `queryRemove()`.
    case queryRemove
    /// `queryStop()`.
    case queryStop
}

/// One call of a driver, with its arguments: what layers are told of.
public enum DriverCall: Sendable, Hashable {
    /// `prepareHardware()`.
    case prepareHardware
    /// `enterD0(from:)`.
    case enterD0(from: PowerState)
    /// `postInterruptsEnabled(from:)`.
    case postInterruptsEnabled(from: PowerState)
    /// `initializeSelfManagedIO()`.
    case initializeSelfManagedIO
    /// `restartSelfManagedIO()`.
    case restartSelfManagedIO
    /// `suspendSelfManagedIO()`.
    case suspendSelfManagedIO
    /// `flushSelfManagedIO()`.
    case flushSelfManagedIO
    /// `cleanUpSelfManagedIO()`.
    case cleanUpSelfManagedIO
    /// `armWake(for:)`.
    case armWake(for: WakeReason)
    /// `wakeTriggered(for:)`.
    case wakeTriggered(for: WakeReason)
    /// `disarmWake(for:)`.
    case disarmWake(for: WakeReason)
    /// `preInterruptsDisabled(to:)`.
    case preInterruptsDisabled(to: PowerState)
    /// `exitD0(to:)`.
    case exitD0(to: PowerState)
    /// `releaseHardware()`.
    case releaseHardware
    /// `surpriseRemoval()`.
    case surpriseRemoval
    /// `queryRemove()`.
    case queryRemove
    /// `queryStop()`.
    case queryStop

    /// The callback that is called.
    public var callback: DriverCallback {
        switch self {
        case .prepareHardware: .prepareHardware
        case .enterD0: .enterD0
        case .postInterruptsEnabled: .postInterruptsEnabled
        case .initializeSelfManagedIO: .initializeSelfManagedIO
        case .restartSelfManagedIO: .restartSelfManagedIO
        case .suspendSelfManagedIO: .suspendSelfManagedIO
        case .flushSelfManagedIO: .flushSelfManagedIO
        case .cleanUpSelfManagedIO: .cleanUpSelfManagedIO
        case .armWake: .armWake
        case .wakeTriggered: .wakeTriggered
        case .disarmWake: .disarmWake
        case .preInterruptsDisabled: .preInterruptsDisabled
        case .exitD0: .exitD0
        case .releaseHardware: .releaseHardware
        case .surpriseRemoval: .surpriseRemoval
        case .queryRemove: .queryRemove
        case .queryStop: .queryStop
        }
    }
}

extension FunctionDriver {
    /// Makes the call.
    func take(_ call: DriverCall) async throws(DeviceError) {
        switch call {
        case .prepareHardware: try await prepareHardware()
        case .enterD0(let previous): try await enterD0(from: previous)
        case .postInterruptsEnabled(let previous): try await postInterruptsEnabled(from: previous)
        case .initializeSelfManagedIO: try await initializeSelfManagedIO()
        case .restartSelfManagedIO: try await restartSelfManagedIO()
        case .suspendSelfManagedIO: try await suspendSelfManagedIO()
        case .flushSelfManagedIO: await flushSelfManagedIO()
        case .cleanUpSelfManagedIO: await cleanUpSelfManagedIO()
        case .armWake(let reason): try await armWake(for: reason)
        case .wakeTriggered(let reason): await wakeTriggered(for: reason)
        case .disarmWake(let reason): await disarmWake(for: reason)
        case .preInterruptsDisabled(let next): try await preInterruptsDisabled(to: next)
        case .exitD0(let next): try await exitD0(to: next)
        case .releaseHardware: try await releaseHardware()
        case .surpriseRemoval: await surpriseRemoval()
        case .queryRemove: try await queryRemove()
        case .queryStop: try await queryStop()
        }
    }
}
