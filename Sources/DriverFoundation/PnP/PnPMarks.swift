package import DriverRuntime

extension Mark {
    /// A device that had failed was made anew.
    static let restartGranted = Mark("failed device made anew")
    /// A device that had failed stayed so.
    static let restartRefused = Mark("failed device stays so")
    /// A driver gave its device up while that was down.
    static let failedWhileDown = Mark("device said to have failed while it is down")
    /// A driver gave its device up while a question about it was pending.
    static let failedWhileAsked = Mark("device said to have failed while a question is pending")
    /// A device was to be removed while it waited for D0, to be asked about its removal.
    static let removedWhileAsked = Mark("removal overtakes a question")
    /// A device left while it was stopped.
    static let departureWhileStopped = Mark("departure while stopped")
    /// A device left on its way to a stop, or back from one.
    static let departureWhileStopping = Mark("departure on the way to a stop")

    /// Those of Plug and Play.
    package static let plugAndPlay: [Mark] = [
        restartGranted, restartRefused, failedWhileDown, failedWhileAsked, removedWhileAsked,
        departureWhileStopped, departureWhileStopping,
    ]
}

extension Device {
    /// Counts what a device was doing when its driver gave it up.
    func reachFailure() {
        guard loop.probes != nil else { return }
        switch (state.value.pnp.state, state.value.lifecycle.policy.state) {
        case (.ensuringAwake, _), (.removePending, _), (.stopPending, _):
            loop.reach(.failedWhileAsked)
        case (_, .dx), (_, .asleep): loop.reach(.failedWhileDown)
        default: break
        }
    }

    /// Counts what is overtaken by an event.
    func reach(_ event: PnPMachine.Event) {
        guard loop.probes != nil else { return }
        switch (event, state.value.pnp.state) {
        case (.remove, .ensuringAwake): loop.reach(.removedWhileAsked)
        case (.surpriseRemove, .stopped): loop.reach(.departureWhileStopped)
        case (.surpriseRemove, .goingDown(.stop)), (.surpriseRemove, .releasingHardware(.stop)),
            (.surpriseRemove, .closingHardware(.stop)),
            (.surpriseRemove, .acquiringHardware(isFirst: false)):
            loop.reach(.departureWhileStopping)
        default: break
        }
    }
}
