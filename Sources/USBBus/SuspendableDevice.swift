/// A device of a bus that can suspend its port while the program has it open (USB 2.0 §7.1.7.6).
///
/// The bus suspends the device some time after it was allowed to, and not while another function of
/// it is in use. No transfer is submitted between `allowSuspend` and the return of `forbidSuspend`.
///
/// Threading: any for the methods; the signal is delivered on the loop.
public protocol SuspendableDevice: BusDevice {
    /// Allows the bus to suspend the device. `wakes` asks for remote wake-up (USB 2.0 §7.1.7.7);
    /// `resumed` is called, once, when the device resumes by itself.
    ///
    /// Errors: `.unsupported` when the bus or the device cannot, remote wake-up included;
    /// `.deviceGone`.
    func allowSuspend(
        wakes: Bool, resumed: @escaping @Sendable () -> Void
    ) async throws(BusError)

    /// Resumes the device if it is suspended, and keeps it so. Allowed when it never was.
    ///
    /// Errors: `.deviceGone`; `.failed` when it does not resume.
    func forbidSuspend() async throws(BusError)
}
