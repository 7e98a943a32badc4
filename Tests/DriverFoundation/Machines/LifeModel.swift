@testable import DriverFoundation

/// A device's two machines with everything around them reduced to what can happen next: the
/// environment that the explorer puts them into.
///
/// What the framework's engine does in `Device+Lifecycle` is here in its barest form: effects begin
/// activities, which end some time later, in some way; some are done at once.
struct LifeModel: Hashable {
    /// What was begun and has not ended.
    enum Activity: Hashable, CaseIterable {
        case deviceAdd, acquireHardware, prepareHardware, enterD0, holdQueues, exitD0
        case surpriseRemoval, queryRemove, releaseHardware
        case purgePowerManaged, closeHardware, purgeQueues
    }

    /// What can happen next.
    enum Move: Hashable {
        case succeeds(Activity)
        case fails(Activity)
        case outside(PnPMachine.Event)
        case fileOpens
        case fileCloses
    }

    typealias Violation = Exploration<LifeModel, Move>.Violation

    var pnp = MachineRun<PnPMachine>(.created)
    var power = MachineRun<PowerMachine>(.off)
    var running: Set<Activity> = []

    // What may still come from outside.
    var removes = 2
    var queries = 2
    var cancels = 1
    var departures = 1
    var opens = 1
    var files = 0

    // What the rules speak of.
    var isGone = false
    var isHardwareHeld = false
    var isPrepared = false
    var isInD0 = false
    var areQueuesOn = false
    var areInterfacesEnabled = false
    var wasNoticed = false
    var startReports = 0
    var openQueries = 0
    var purges = 0
    var isDisposed = false

    static func started() -> Result<LifeModel, Violation> {
        var model = LifeModel()
        do throws(Violation) {
            try model.post(.add)
            try model.post(.start)
        } catch { return .failure(error) }
        return .success(model)
    }

    // MARK: What can happen

    var moves: [Move] {
        var moves: [Move] = []
        for activity in Activity.allCases where running.contains(activity) {
            moves.append(.succeeds(activity))
            if activity.mayFail { moves.append(.fails(activity)) }
        }
        if removes > 0 { moves.append(.outside(.remove)) }
        if queries > 0 { moves.append(.outside(.queryRemove)) }
        if cancels > 0 { moves.append(.outside(.cancelRemove)) }
        if departures > 0 { moves.append(.outside(.surpriseRemove)) }
        if opens > 0, pnp.state == .started, !isGone { moves.append(.fileOpens) }
        if files > 0 { moves.append(.fileCloses) }
        return moves
    }

    func after(_ move: Move) -> Result<LifeModel, Violation> {
        var model = self
        do throws(Violation) {
            try model.make(move)
            try model.checkRules()
        } catch { return .failure(error) }
        return .success(model)
    }

    private mutating func make(_ move: Move) throws(Violation) {
        switch move {
        case .succeeds(let activity): try end(activity, isSuccess: true)
        case .fails(let activity): try end(activity, isSuccess: false)
        case .outside(let event):
            switch event {
            case .remove: removes -= 1
            case .queryRemove: (queries, openQueries) = (queries - 1, openQueries + 1)
            case .cancelRemove: cancels -= 1
            default: (departures, isGone) = (departures - 1, true)
            }
            try post(event)
        case .fileOpens: (opens, files) = (opens - 1, files + 1)
        case .fileCloses:
            files -= 1
            try endIfFilesClosed()
        }
    }

    private mutating func end(_ activity: Activity, isSuccess: Bool) throws(Violation) {
        running.remove(activity)
        if activity == .enterD0 { isInD0 = isSuccess }
        if activity == .exitD0 { isInD0 = false }
        if activity == .acquireHardware { isHardwareHeld = isSuccess }
        if activity == .closeHardware { isHardwareHeld = false }
        switch activity.event(isSuccess: isSuccess) {
        case .pnp(let event): try post(event)
        case .power(let event): try post(event)
        }
    }

    private mutating func endIfFilesClosed() throws(Violation) {
        if files == 0, pnp.state == .waitingForFiles { try post(.filesClosed) }
    }

    // MARK: The engine

    mutating func post(_ event: PnPMachine.Event) throws(Violation) {
        pnp.post(event)
        try settle()
    }

    mutating func post(_ event: PowerMachine.Event) throws(Violation) {
        power.post(event)
        try settle()
    }

    private mutating func settle() throws(Violation) {
        while true {
            if let event = power.pending.first {
                guard PowerMachine.reduce(power.state, event) != nil else {
                    throw Violation("\(event) came in \(power.state)")
                }
                for effect in power.next() ?? [] { try perform(effect) }
            } else if let event = pnp.pending.first {
                guard PnPMachine.reduce(pnp.state, event) != nil else {
                    throw Violation("\(event) came in \(pnp.state)")
                }
                for effect in pnp.next() ?? [] { try perform(effect) }
            } else {
                return
            }
        }
    }

    private mutating func begin(_ activity: Activity) throws(Violation) {
        guard running.insert(activity).inserted else { throw Violation("\(activity) began twice") }
    }

    private mutating func perform(_ effect: PowerMachine.Effect) throws(Violation) {
        switch effect {
        case .callEnterD0:
            if isInD0 { throw Violation("D0Entry in D0") }
            try begin(.enterD0)
        case .startQueues: areQueuesOn = true
        case .holdQueues:
            areQueuesOn = false
            try begin(.holdQueues)
        case .callExitD0:
            if !isInD0 { throw Violation("D0Exit without a D0Entry that succeeded (PNP-13)") }
            try begin(.exitD0)
        case .reportPoweredUp: pnp.post(.poweredUp)
        case .reportPowerUpFailed: pnp.post(.powerUpFailed)
        case .reportPoweredDown: pnp.post(.poweredDown)
        case .reportPowerDownFailed: pnp.post(.powerDownFailed)
        }
    }

    private mutating func perform(_ effect: PnPMachine.Effect) throws(Violation) {
        switch effect {
        case .callDeviceAdd: try begin(.deviceAdd)
        case .acquireHardware: try begin(.acquireHardware)
        case .callPrepareHardware:
            if isPrepared || !isHardwareHeld { throw Violation("Prepare out of place (CB-1)") }
            isPrepared = true
            try begin(.prepareHardware)
        case .powerUp: power.post(.implicitD0)
        case .powerDown: power.post(.implicitD3)
        case .enableInterfaces:
            if areInterfacesEnabled { throw Violation("interfaces enabled twice") }
            areInterfacesEnabled = true
        case .disableInterfaces:
            if !areInterfacesEnabled {
                throw Violation("interfaces disabled twice or never enabled")
            }
            areInterfacesEnabled = false
        case .reportStarted, .reportStartFailed: startReports += 1
        case .callQueryRemove: try begin(.queryRemove)
        case .grantRemove, .refuseRemove: openQueries = 0
        case .callSurpriseRemoval:
            if wasNoticed { throw Violation("SurpriseRemoval twice") }
            wasNoticed = true
            try begin(.surpriseRemoval)
        case .callReleaseHardware:
            if !isPrepared { throw Violation("Release without Prepare (CB-1)") }
            if isInD0 { throw Violation("Release in D0") }
            isPrepared = false
            try begin(.releaseHardware)
        case .purgePowerManagedQueues: try begin(.purgePowerManaged)
        case .closeHardware:
            if !isHardwareHeld { throw Violation("hardware closed that is not held") }
            try begin(.closeHardware)
        case .purgeQueues:
            purges += 1
            try begin(.purgeQueues)
        case .waitForFiles: if files == 0 { pnp.post(.filesClosed) }
        case .dispose:
            if isDisposed { throw Violation("disposed twice") }
            isDisposed = true
        }
    }

    // MARK: Rules

    private func checkRules() throws(Violation) {
        if startReports > 1 { throw Violation("the start was reported twice") }
        if areQueuesOn, !isInD0 { throw Violation("queues on outside D0 (Q-6)") }
        let serial: Set<Activity> = [
            .deviceAdd, .prepareHardware, .enterD0, .exitD0, .queryRemove, .releaseHardware,
        ]
        if running.intersection(serial).count > 1 { throw Violation("callbacks overlap (S-5)") }
        guard isDisposed else { return }
        if isPrepared { throw Violation("disposed without Release (CB-1)") }
        if isInD0 { throw Violation("disposed in D0 (CB-2)") }
        if areInterfacesEnabled { throw Violation("disposed with interfaces enabled") }
        if isHardwareHeld { throw Violation("disposed with the hardware open") }
        if openQueries > 0 { throw Violation("a removal was never answered") }
        if purges != 1 { throw Violation("queues were purged \(purges) times") }
        if !pnp.kept.isEmpty || !power.kept.isEmpty { throw Violation("events were lost") }
    }

    /// What is wrong with this state if nothing comes any more.
    var problemAtRest: String? {
        isDisposed ? nil : "a dead end: \(pnp.state), \(power.state), kept \(pnp.kept)"
    }
}

extension LifeModel.Activity {
    enum End {
        case pnp(PnPMachine.Event)
        case power(PowerMachine.Event)
    }

    var mayFail: Bool {
        switch self {
        case .holdQueues, .surpriseRemoval, .purgePowerManaged, .closeHardware, .purgeQueues: false
        default: true
        }
    }

    func event(isSuccess: Bool) -> End {
        switch self {
        case .deviceAdd: .pnp(isSuccess ? .deviceAdded : .deviceAddFailed)
        case .acquireHardware: .pnp(isSuccess ? .hardwareAcquired : .hardwareRefused)
        case .prepareHardware: .pnp(isSuccess ? .hardwarePrepared : .prepareFailed)
        case .enterD0: .power(isSuccess ? .d0Entered : .d0EntryFailed)
        case .holdQueues: .power(.queuesHeld)
        case .exitD0: .power(isSuccess ? .d0Exited : .d0ExitFailed)
        case .surpriseRemoval: .pnp(.surpriseNoticed)
        case .queryRemove: .pnp(isSuccess ? .queryGranted : .queryRefused)
        case .releaseHardware: .pnp(isSuccess ? .hardwareReleased : .releaseFailed)
        case .purgePowerManaged: .pnp(.powerManagedQueuesPurged)
        case .closeHardware: .pnp(.hardwareClosed)
        case .purgeQueues: .pnp(.queuesPurged)
        }
    }
}
