extension Device {
    /// Whoever waits for the end of a start.
    func answerStart(_ effect: PnPMachine.Effect) {
        let waiters = state.value.lifecycle.startWaiters
        state.value.lifecycle.startWaiters = []
        for waiter in waiters { waiter.resume(returning: nil) }
    }
}
