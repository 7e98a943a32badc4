package import DriverRuntime

extension Mark {
    /// Somebody needed a device that was going down for being idle.
    static let neededGoingDown = Mark("idle device needed on its way down")
    /// Somebody needed a device while its bus was asked for leave to suspend it.
    static let neededWhileAsking = Mark("idle device needed while its bus is asked")
    /// Somebody needed a device that was down.
    static let neededWhileDown = Mark("idle device needed while it is down")
    /// The bus said something about a question that nobody asked any more.
    static let suspendAnsweredTooLate = Mark("leave to suspend comes too late")
    /// The bus was to be asked again before it had answered.
    static let askedAgain = Mark("bus asked again before its answer")
    /// The bus refused to suspend an idle device.
    static let suspendRefused = Mark("bus refuses to suspend")
    /// The system fell asleep while a device was on its way up.
    static let sleepPoweringUp = Mark("system sleeps while a device powers up")
    /// The system fell asleep while a device was on its way down for being idle.
    static let sleepGoingDown = Mark("system sleeps while a device goes down")
    /// The system fell asleep while a device was down.
    static let sleepWhileDown = Mark("system sleeps while a device is down")
    /// The system woke before a device was down.
    static let wokenGoingDown = Mark("system wakes while a device goes down")
    /// A device signalled wake before it was down.
    static let wakeGoingDown = Mark("wake while going down")
    /// A device left while it was down.
    static let departureWhileDown = Mark("departure while down")
    /// A device left while it was armed to wake.
    static let departureWhileArmed = Mark("departure while armed to wake")
    /// A device left while the system slept.
    static let departureInSleep = Mark("departure while the system sleeps")
    /// A device left on its way back from a sleep.
    static let departurePoweringUp = Mark("departure while powering up")
    /// A device was to be removed or stopped while it was down.
    static let stoppedWhileDown = Mark("removal or stop while down")
    /// A claim on D0 outlived its device.
    static let referenceOutlivesDevice = Mark("claim on D0 dropped after the device's end")
    /// Who waited for D0 was told that it will not be.
    static let d0Refused = Mark("wait for D0 refused")
    /// Idling was forbidden while the device was down.
    static let forbiddenWhileDown = Mark("idling forbidden while down")

    /// Those of power.
    package static let power: [Mark] = [
        neededGoingDown, neededWhileAsking, neededWhileDown, suspendAnsweredTooLate, askedAgain,
        suspendRefused, sleepPoweringUp, sleepGoingDown, sleepWhileDown, wokenGoingDown,
        wakeGoingDown, departureWhileDown, departureWhileArmed, departureInSleep,
        departurePoweringUp, stoppedWhileDown, referenceOutlivesDevice, d0Refused,
        forbiddenWhileDown,
    ]
}

extension Device {
    /// Counts what the power policy was doing when it was told of `event`.
    func reach(_ event: PowerPolicyMachine.Event) {
        guard loop.probes != nil else { return }
        switch (event, state.value.lifecycle.policy.state) {
        case (.ioPresent, .stoppingIO), (.ioPresent, .armingWake), (.ioPresent, .poweringDown):
            loop.reach(.neededGoingDown)
        case (.ioPresent, .askingToSuspend): loop.reach(.neededWhileAsking)
        case (.ioPresent, .dx): loop.reach(.neededWhileDown)
        case (.suspendRefused, _): loop.reach(.suspendRefused)
        case (.systemSleep, .poweringUp), (.systemSleep, .noticingWake),
            (.systemSleep, .disarmingWake), (.systemSleep, .completingPowerUp):
            loop.reach(.sleepPoweringUp)
        case (.systemSleep, .stoppingIO), (.systemSleep, .armingWake),
            (.systemSleep, .poweringDown):
            loop.reach(.sleepGoingDown)
        case (.systemSleep, .dx): loop.reach(.sleepWhileDown)
        case (.resume, .stoppingIO), (.resume, .armingWake), (.resume, .poweringDown):
            loop.reach(.wokenGoingDown)
        case (.wake, .stoppingIO), (.wake, .armingWake), (.wake, .poweringDown):
            loop.reach(.wakeGoingDown)
        case (.idleDisabled, .dx), (.idleDisabled, .asleep): loop.reach(.forbiddenWhileDown)
        case (.stop, .dx), (.stop, .asleep): loop.reach(.stoppedWhileDown)
        default: break
        }
    }

    /// Counts in which power state its departure met the device.
    func reachPowerOfDeparture() {
        switch state.value.lifecycle.policy.state {
        case .dx(let isArmed): loop.reach(isArmed ? .departureWhileArmed : .departureWhileDown)
        case .asleep: loop.reach(.departureInSleep)
        case .poweringUp, .noticingWake, .disarmingWake, .completingPowerUp:
            loop.reach(.departurePoweringUp)
        default: break
        }
    }
}
