import DriverFoundation

/// One device's life as its observer has seen it, and the rules for its order (PNP-1…16).
struct Life: Sendable {
    private var running: DriverCallback?
    private var begun: [DriverCallback: Int] = [:]
    private var ended: [DriverCallback: Int] = [:]
    private var failed: Set<DriverCallback> = []
    private var isNoticing = false
    private var isOpen = false
    private var areInterfacesEnabled = false
    private var areQueuesOn = false
    private var hasStarted = false
    private(set) var isDisposed = false

    /// Takes one step; says what is wrong with it.
    mutating func note(_ step: LifecycleStep) -> String? {
        if isDisposed { return "after the end" }
        switch step {
        case .began(let callback): return begin(callback)
        case .returned(let callback): return end(callback)
        case .threw(let callback, _):
            failed.insert(callback)
            return end(callback)
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
            return areQueuesOn || !has(.enterD0) ? "on twice or out of D0" : nil
        case .queuesHeld:
            defer { areQueuesOn = false }
            return areQueuesOn ? nil : "held without being on"
        case .started, .startFailed:
            defer { hasStarted = true }
            return hasStarted ? "a start ended twice" : nil
        case .disposed: return dispose()
        default: return nil
        }
    }

    /// Whether a callback has returned without a failure.
    private func has(_ callback: DriverCallback) -> Bool {
        ended[callback, default: 0] > 0 && !failed.contains(callback)
    }

    private mutating func begin(_ callback: DriverCallback) -> String? {
        begun[callback, default: 0] += 1
        if callback == .surpriseRemoval {
            isNoticing = true
            return begun[callback] == 1 ? nil : "a departure noticed twice"
        }
        if let running { return "while \(running.rawValue) runs" }
        running = callback
        if callback != .queryRemove, begun[callback] != 1 { return "called twice" }
        let isLegal =
            switch callback {
            case .prepareHardware: has(.deviceAdd) && isOpen
            case .enterD0: has(.prepareHardware) && isOpen
            case .exitD0: has(.enterD0) && isOpen && !areQueuesOn
            case .releaseHardware:
                begun[.prepareHardware] == 1 && isOpen && !areQueuesOn
                    && (!has(.enterD0) || begun[.exitD0] == 1)
            default: true
            }
        return isLegal ? nil : "out of order"
    }

    private mutating func end(_ callback: DriverCallback) -> String? {
        ended[callback, default: 0] += 1
        if callback == .surpriseRemoval {
            defer { isNoticing = false }
            return isNoticing ? nil : "ended without having begun"
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
        if has(.enterD0), begun[.exitD0] != 1 { return "never left D0" }
        return nil
    }
}
