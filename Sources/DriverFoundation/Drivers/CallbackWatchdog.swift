/// Says of a driver's callback, each time the watchdog's interval has passed, that it has not
/// returned: the machines wait for it without limit (VF-1).
final class CallbackWatchdog: Sendable {
    private let device: Device
    private let callback: DriverCallback
    private let begin: Instant
    private let deadline: LoopConfined<Deadline?>

    init(_ callback: DriverCallback, of device: Device) {
        self.device = device
        self.callback = callback
        begin = device.loop.now
        deadline = LoopConfined(on: device.loop, nil)
        let deadline = Deadline(on: device.loop) { [unowned self] in report() }
        self.deadline.value = deadline
        deadline.arm(after: device.environment.watchdogInterval)
    }

    /// The callback has returned.
    func end() { deadline.value.take()?.disarm() }

    private func report() {
        device.report(
            "VF-1: the driver's \(callback.rawValue) has not returned for"
                + " \(begin.duration(to: device.loop.now)): end what it awaits, or give that a"
                + " limit of time; until then the device goes neither up nor down")
        deadline.value?.arm(after: device.environment.watchdogInterval)
    }
}
