/// Keeps a device from being removed or stopped in an orderly way, without asking its driver
/// (DEV-16).
public final class RemovalVeto: Sendable {
    /// What whoever asks is told.
    public let reason: String
    init(_ reason: String) { self.reason = reason }
}

extension Device {
    /// Whoever waits for the end of a start.
    func answerStart(_ effect: PnPMachine.Effect) {
        let waiters = state.value.lifecycle.startWaiters
        state.value.lifecycle.startWaiters = []
        for waiter in waiters { waiter.resume(returning: nil) }
    }
}
