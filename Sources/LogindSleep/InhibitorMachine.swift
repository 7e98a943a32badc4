internal import DriverFoundation

/// Decides when the inhibitor is held and what the devices are told: no time, no bus.
///
/// logind's rule is one sentence: whoever holds a delay inhibitor while sleep is announced is
/// waited for until he lets go of it. What follows from it here: an inhibitor is held while the
/// system and the devices are awake, kept while the devices go down, and let go when they are down.
struct InhibitorMachine: Hashable, Sendable {
    enum Devices: Hashable, Sendable, CaseIterable {
        case awake, goingDown, down, comingUp
    }

    enum Inhibitor: Hashable, Sendable, CaseIterable {
        case none, asked, held
    }

    enum Event: Hashable, Sendable {
        /// logind answers, and says how the system is.
        case linked(SystemSleep)
        /// It can be asked nothing for now.
        case lost
        /// It says so by itself.
        case announced(SystemSleep)
        /// It has given the inhibitor.
        case granted
        /// It gives none while it sends the system to sleep.
        case refused
        /// The devices are as they were told to be.
        case handled
        /// It was lost too long ago, and the devices are down.
        case patienceEnded
        /// The program wants to hear no more.
        case end
    }

    enum Effect: Hashable, Sendable {
        case ask
        case release
        case tell(SystemSleep)
        case notice(SleepNotice)
        case finish
    }

    private(set) var system = SystemSleep.awake
    private(set) var devices = Devices.awake
    private(set) var inhibitor = Inhibitor.none
    private(set) var isLinked = false
    private(set) var isRefused = false
    private(set) var isEnding = false
    private(set) var isFinished = false

    /// Whether logind waits for the devices.
    var isAwaited: Bool { system == .falling && devices != .down && !isFinished }

    /// Whether the devices are, or go, down, and nobody could say that the system works again.
    var isUnheard: Bool { system == .falling && !isLinked && !isEnding }

    private var isBusy: Bool { devices == .goingDown || devices == .comingUp }

    mutating func take(_ event: Event) -> [Effect] {
        guard !isFinished else { return [] }
        return note(event) + settleDevices() + settleInhibitor() + settleEnd()
    }

    private mutating func note(_ event: Event) -> [Effect] {
        switch event {
        case .linked(let system):
            isLinked = true
            isRefused = false
            return self.system == system ? [] : announce(system)
        case .lost:
            isLinked = false
            // The answer will not come.
            if inhibitor == .asked { inhibitor = .none }
        case .announced(let system):
            guard isLinked else { return [] }
            if system == .awake { isRefused = false }
            return self.system == system ? [.notice(.repeated(system))] : announce(system)
        case .granted: inhibitor = .held
        case .refused:
            inhibitor = .none
            isRefused = true
        case .handled: devices = devices == .goingDown ? .down : .awake
        case .patienceEnded: if isUnheard { system = .awake }
        case .end: isEnding = true
        }
        return []
    }

    private mutating func announce(_ system: SystemSleep) -> [Effect] {
        self.system = system
        return [.notice(.announced(system))]
    }

    private mutating func settleDevices() -> [Effect] {
        guard !isEnding else { return [] }
        switch (system, devices) {
        case (.falling, .awake):
            devices = .goingDown
            return [.tell(.falling)]
        case (.awake, .down):
            devices = .comingUp
            return [.tell(.awake)]
        default: return []
        }
    }

    private mutating func settleInhibitor() -> [Effect] {
        let mayAsk = isLinked && !isEnding
        let isDone = system == .falling && devices == .down
        if inhibitor == .held, devices != .goingDown, !mayAsk || isDone {
            inhibitor = .none
            return [.release]
        }
        // logind gives none while it sends the system to sleep.
        if inhibitor == .none, mayAsk, !isRefused, system == .awake {
            inhibitor = .asked
            return [.ask]
        }
        return []
    }

    private mutating func settleEnd() -> [Effect] {
        guard isEnding, !isBusy else { return [] }
        isFinished = true
        return [.finish]
    }
}
