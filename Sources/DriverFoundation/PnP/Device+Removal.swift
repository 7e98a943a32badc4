/// How a device goes: asked to, or gone.
extension Device {
    /// PNP-6: asks whether the device may be removed; throws the answer if it may not.
    func queryRemoval() async throws(DeviceError) {
        let refusal: DeviceError? = await loop.wait(ifEnded: nil) { [self] answer in
            do throws(DeviceError) { try environment.verifier.pass(.orderlyRemoval) } catch {
                return answer.resume(returning: error)
            }
            // One answer is for all who ask before it.
            let isFirst = state.value.removeQueries.isEmpty
            state.value.removeQueries.append(answer)
            if isFirst { post(PnPMachine.Event.queryRemove) }
        }
        if let refusal { throw refusal }
        // Whoever removes it wants no other in its place.
        onLoop { [self] in state.value.lifecycle.isRestarting = false }
    }

    /// Returns when the device has come to its end. Clients' files are closed for them.
    func finality() async {
        await loop.wait(ifEnded: ()) { [self] ended in
            if state.value.parts.isDisposed { return ended.resume() }
            state.value.finalWaiters.append(ended)
            // Holders are told, and close theirs (T-6).
            let files = state.value.files.filter { $0.state.value.holder == nil }
            scope.task { for file in files { await file.close() } }
            closeFilesIfAwaited()
        }
    }

    /// Closes the files that were opened since, when somebody waits for the device's end and
    /// nothing else keeps it.
    func closeFilesIfAwaited() {
        guard !state.value.finalWaiters.isEmpty, state.value.pnp.state == .waitingForFiles
        else { return }
        for file in state.value.files { file.close(nil) }
    }

    /// The bus has reported the departure (PNP-8): at once nothing can be started any more, and
    /// whatever waits for the device ends.
    func departed() {
        if state.value.lifecycle.hasDeparted { return }
        reachDeparture()
        state.value.isGone = true
        state.value.lifecycle.hasDeparted = true
        state.value.removalGrace?.disarm()
        let waiters = state.value.removalWaiters
        state.value.removalWaiters = []
        for waiter in waiters { waiter.resume(returning: true) }
        state.value.hardware?.interrupt()
        endWaits()
        missChildren()
        post(PnPMachine.Event.surpriseRemove)
        if loop.isPlanted(.departureCountedTwice) { noticeSurpriseRemoval() }
    }

    /// Whether what just failed failed because the device is gone (L11, L12): waits a moment for
    /// the departure, which comes after the failures as often as before them.
    func confirmRemoval() async -> Bool {
        await Resumption.wait { answer in
            if state.value.isGone { return answer.resume(returning: true) }
            state.value.removalWaiters.append(answer)
            if state.value.removalGrace?.isArmed == true { return }
            let grace =
                state.value.removalGrace
                ?? Deadline(on: loop) { [unowned self] in
                    loop.reach(.failureWithoutDeparture)
                    let waiters = state.value.removalWaiters
                    state.value.removalWaiters = []
                    for waiter in waiters { waiter.resume(returning: false) }
                }
            state.value.removalGrace = grace
            // A hub reports an unplug within its debounce interval of 100 ms (USB 2.0 §7.1.7.3).
            grace.arm(after: .milliseconds(250))
        }
    }
}
