/// A device of a bus that can suspend its port while the program has it open (USB 2.0 §7.1.7.6).
///
/// Three steps: the bus is asked while the device is in use, so that whoever uses it can stay awake
/// if it refuses; it is let go when nothing of the device is in use any more; it is called back.
/// The bus suspends the device some time after it was let, and not while another function of it is
/// in use. From `allowSuspend` until `forbidSuspend` has returned no transfer is in flight: what
/// is submitted to a suspended device fails.
///
/// Threading: any for the methods; the signal is delivered on the loop.
public protocol SuspendableDevice: BusDevice {
    /// Asks for leave to suspend the device, and prepares it; transfers go on. `wakes` asks for
    /// remote wake-up (USB 2.0 §7.1.7.7). Allowed any number of times.
    ///
    /// Errors: `.unsupported` when the bus or the device cannot, remote wake-up included;
    /// `.accessDenied` when the operating system does not let this program, with the remedy;
    /// `.deviceGone`.
    func prepareToSuspend(wakes: Bool) async throws(BusError)

    /// Lets the bus suspend the device as it was prepared. If it was prepared to wake, `resumed` is
    /// called once when the device resumes though nobody here asked for it.
    ///
    /// Errors: `.busy` while a transfer is in flight; `.deviceGone`; `.failed`.
    func allowSuspend(resumed: @escaping @Sendable () -> Void) async throws(BusError)

    /// Resumes the device if it is suspended, and keeps it so; what was prepared is undone. Allowed
    /// when it never was. `resumed` is not called any more once this has returned.
    ///
    /// Errors: `.deviceGone`; `.failed` when it does not resume.
    func forbidSuspend() async throws(BusError)
}
