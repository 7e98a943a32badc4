/// How a device goes: asked to, or gone.
extension Device {
    /// Removes the device in an orderly way (PNP-6): asks the driver, which may veto, takes the
    /// device down, gives the hardware back, and returns when all of it is done. Does nothing when
    /// the device has come to its end.
    ///
    /// Threading: the loop or any task. Cancellation: none.
    /// Errors: what ``FunctionDriver/queryRemove()`` threw.
    public func remove() async throws(DeviceError) {
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
        await removeWithoutQuery()
    }

    /// PNP-7: the same without asking, and without waiting for clients: their files are closed.
    func removeWithoutQuery() async {
        onLoop { [self] in
            if state.value.isRemoving { return }
            state.value.isRemoving = true
            post(PnPMachine.Event.remove)
        }
        await finality()
    }

    /// The same, without waiting for the end.
    func beginRemoval() {
        scope.task { [self] in await removeWithoutQuery() }
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
        reachDeparture()
        state.value.isGone = true
        state.value.removalGrace?.disarm()
        let waiters = state.value.removalWaiters
        state.value.removalWaiters = []
        for waiter in waiters { waiter.resume(returning: true) }
        state.value.hardware?.interrupt()
        endWaits()
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
