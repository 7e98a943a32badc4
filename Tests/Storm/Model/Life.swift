import DriverFoundation

/// One device's life as its observer has seen it, and the rules for its order (PNP-1…16).
struct Life: Sendable {
    /// What reports call it.
    var name = ""
    /// Claims on D0 that its driver holds.
    var references = 0
    /// How often it has left D0.
    private(set) var exits = 0
    /// From the end of the start until it fails, stops or goes.
    private(set) var isWorking = false
    /// Whether the bus has refused to suspend it the last time.
    private(set) var isRefusedSuspend = false
    /// Whether the bus has given leave to suspend it, which nobody has taken back.
    var mayBeSuspended = false
    /// Whether it was told to go down, and has not come back since (WAKE-9).
    private(set) var isSentDown = false
    private var isArmed = false
    private var running: DriverCallback?
    private var begun: [DriverCallback: Int] = [:]
    private var ended: [DriverCallback: Int] = [:]
    private var isNoticing = false
    private var isOpen = false
    private var areInterfacesEnabled = false
    private var areQueuesOn = false
    /// From the beginning of `prepareHardware()` to the end of `releaseHardware()`.
    private var isPrepared = false
    /// From the end of `enterD0(from:)` to the beginning of `exitD0(to:)`.
    private(set) var isInD0 = false
    private(set) var isDisposed = false

    /// The bus gave leave, and could not suspend it then (WAKE-7): it comes back, and tries again.
    mutating func noteNotSuspended() { isRefusedSuspend = true }

    /// Takes one step; says what is wrong with it.
    mutating func note(_ step: LifecycleStep) -> String? {
        if isDisposed { return "after the end" }
        switch step {
        case .began(let callback): return begin(callback)
        case .returned(let callback): return end(callback, hasFailed: false)
        case .threw(let callback, _):
            // PNP-4: what cannot be armed comes back, and tries again.
            if callback == .armWake { isRefusedSuspend = true }
            return end(callback, hasFailed: true)
        case .hardwareAcquired:
            defer { isOpen = true }
            return isOpen ? "acquired twice" : nil
        case .hardwareClosed:
            defer { isOpen = false }
            return !isOpen || areQueuesOn ? "closed without being open, or with queues on" : nil
        case .interfacesEnabled:
            defer { areInterfacesEnabled = true }
            return areInterfacesEnabled || !areQueuesOn ? "enabled twice or out of D0" : nil
        case .interfacesDisabled:
            defer { areInterfacesEnabled = false }
            return areInterfacesEnabled ? nil : "disabled without being enabled"
        case .queuesStarted:
            defer { areQueuesOn = true }
            return areQueuesOn || !isInD0 ? "on twice or out of D0" : nil
        case .queuesHeld:
            defer { areQueuesOn = false }
            return areQueuesOn ? nil : "held without being on"
        case .started: isWorking = true
        case .failed, .startFailed, .stopped: isWorking = false
        case .suspendDirected: isSentDown = true
        case .suspendRefused: isRefusedSuspend = true
        case .suspendGranted: isRefusedSuspend = false
        case .idleTimeout:
            return references == 0 ? nil : "with \(references) claims on D0 (WAKE-2)"
        case .disposed: return dispose()
        default: break
        }
        return nil
    }

    private mutating func begin(_ callback: DriverCallback) -> String? {
        begun[callback, default: 0] += 1
        switch callback {
        case .surpriseRemoval:
            isNoticing = true
            isWorking = false
            return begun[callback] == 1 ? nil : "a departure noticed twice"
        case .queryRemove, .queryStop: return nil
        default: break
        }
        if let running { return "while \(running.rawValue) runs" }
        running = callback
        switch callback {
        case .deviceAdd: return begun[callback] == 1 ? nil : "called twice"
        case .prepareHardware:
            defer { isPrepared = true }
            return isOpen && !isPrepared && ended[.deviceAdd] == 1 ? nil : "out of order"
        case .enterD0:
            isSentDown = false
            return isOpen && isPrepared && !isInD0 ? nil : "out of order"
        case .exitD0:
            exits += 1
            defer { isInD0 = false }
            return isOpen && isInD0 && !areQueuesOn ? nil : "out of order"
        case .armWake: return isInD0 && !areQueuesOn && !isArmed ? nil : "out of order (WAKE-6)"
        case .wakeTriggered: return isArmed ? nil : "without being armed"
        case .disarmWake:
            defer { isArmed = false }
            return isArmed ? nil : "without being armed (CB-8)"
        case .releaseHardware:
            isWorking = false
            return isOpen && isPrepared && !isInD0 ? nil : "out of order"
        default: return nil
        }
    }

    private mutating func end(_ callback: DriverCallback, hasFailed: Bool) -> String? {
        ended[callback, default: 0] += 1
        switch callback {
        case .surpriseRemoval:
            defer { isNoticing = false }
            return isNoticing ? nil : "ended without having begun"
        case .queryRemove, .queryStop: return nil
        case .enterD0: isInD0 = !hasFailed
        case .armWake: isArmed = !hasFailed
        case .releaseHardware: isPrepared = false
        default: break
        }
        defer { running = nil }
        return running == callback ? nil : "ended without having begun"
    }

    private mutating func dispose() -> String? {
        isDisposed = true
        for callback in DriverCallback.allCases
        where begun[callback, default: 0] != ended[callback, default: 0] {
            return "\(callback.rawValue) never ended"
        }
        if isOpen { return "never closed" }
        if areInterfacesEnabled { return "interfaces still enabled" }
        if areQueuesOn { return "queues still on" }
        if begun[.prepareHardware] != begun[.releaseHardware] { return "never released" }
        if isInD0 { return "never left D0" }
        if isArmed { return "never disarmed" }
        return nil
    }
}
