/// Calls a driver's handler after some time, once or periodically, on the driver's scope (L-3).
///
/// A periodic timer keeps to its schedule: what falls due while the handler still runs is called
/// once when it has returned, and periods that nobody could keep are left out.
///
/// It is deleted with its device, or by ``DriverObject/delete()``, which stops it.
///
/// Threading: the device's loop.
public final class DeviceTimer: Sendable {
    /// Its place in the device's tree.
    public let object: DriverObject
    /// The time between two calls; `nil` for a timer that fires once for each start.
    public var period: Duration? { schedule.period }
    /// How much later than due a call may come: calls of timers with one tolerance come together.
    public var tolerance: Duration { schedule.tolerance }
    private let schedule: TimerSchedule

    init(_ object: DriverObject, _ schedule: TimerSchedule) {
        self.object = object
        self.schedule = schedule
    }

    /// Whether a call is due or queued that has not begun.
    public var isQueued: Bool { schedule.isQueued }

    /// Calls the handler after `delay` — from now, and in place of what was due — and then once in
    /// each period, if it has one. After its deletion it does nothing.
    /// - Returns: whether a call was due or queued before.
    @discardableResult
    public func start(after delay: Duration) -> Bool { schedule.start(after: delay) }

    /// The same with the first call after one period. For periodic timers.
    @discardableResult
    public func start() -> Bool {
        contract(period != nil, "L-3: \(object) has no period: say when with start(after:)")
        return schedule.start(after: period ?? .zero)
    }

    /// Takes back what is due or queued, and returns at once: the handler may still be running.
    /// Allowed inside it.
    /// - Returns: whether a call was due or queued.
    @discardableResult
    public func cancel() -> Bool { schedule.cancel() }

    /// Takes back what is due or queued, and waits for a handler that runs: afterwards none does.
    /// Traps when called from inside the handler, where ``cancel()`` is meant.
    /// - Returns: whether a call was due or queued.
    @discardableResult
    public func stop() async -> Bool { await schedule.stop() }
}

/// When a timer's calls are due.
final class TimerSchedule: Sendable {
    private struct State {
        var due = Instant(nanoseconds: 0)
        var deadline: Deadline?
        var isEnded = false
    }

    let period: Duration?
    let tolerance: Duration
    private let loop: EventLoop
    private let worker: CallbackWorker
    private let state: LoopConfined<State>

    init(
        on loop: EventLoop, every period: Duration?, tolerance: Duration, _ worker: CallbackWorker
    ) {
        self.loop = loop
        self.period = period
        self.tolerance = tolerance
        self.worker = worker
        state = LoopConfined(on: loop, State())
        state.value.deadline = Deadline(on: loop) { [unowned self] in fire() }
    }

    var isQueued: Bool { state.value.deadline?.isArmed == true || worker.isQueued }

    func start(after delay: Duration) -> Bool {
        let wasQueued = cancel()
        guard !state.value.isEnded else { return wasQueued }
        state.value.due = loop.now.advanced(by: max(delay, .zero))
        arm()
        return wasQueued
    }

    func cancel() -> Bool {
        let wasDue = state.value.deadline?.isArmed == true
        state.value.deadline?.disarm()
        return worker.cancel() || wasDue
    }

    func stop() async -> Bool {
        let wasQueued = cancel()
        await worker.flush("L-3")
        return wasQueued
    }

    func end() async {
        state.value.isEnded = true
        _ = cancel()
        await worker.end("L-3")
    }

    private func arm() {
        // Rounded up to whole tolerances of the clock, so that timers meet in one wake.
        let grain = UInt64(max(tolerance.nanoseconds, 1))
        let nanoseconds = state.value.due.nanoseconds
        let (sum, overflow) = nanoseconds.addingReportingOverflow(grain - 1)
        let instant = overflow ? .distantFuture : Instant(nanoseconds: sum / grain * grain)
        state.value.deadline?.arm(at: instant)
    }

    private func fire() {
        if let period {
            let late = state.value.due.duration(to: loop.now)
            let missed = max(late.nanoseconds, 0) / max(period.nanoseconds, 1)
            state.value.due = state.value.due.advanced(
                by: .nanoseconds((missed + 1) * period.nanoseconds))
            arm()
        }
        _ = worker.enqueue()
    }
}

extension Device {
    /// Makes a timer, stopped. `name` is for reports; with `period` it is periodic, in whole
    /// nanoseconds above zero (trapped).
    ///
    /// Errors: `.invalidDeviceState` once the device is being disposed of (OBJ-4).
    public func timer<Driver: DriverActor>(
        _ name: String = "", every period: Duration? = nil, tolerance: Duration = .zero,
        for driver: isolated Driver,
        _ handler: @escaping @Sendable (isolated Driver) async -> Void
    ) throws(DeviceError) -> DeviceTimer {
        contract(
            period.map { $0.nanoseconds > 0 } ?? true,
            "L-3: the period of timer \(name) must be above zero: leave it out for one call")
        contract(tolerance >= .zero, "L-3: the tolerance of timer \(name) is negative")
        try environment.verifier.pass(.timer)
        let worker = callbackWorker("timer \(name)", for: driver, handler)
        let schedule = TimerSchedule(on: loop, every: period, tolerance: tolerance, worker)
        let object = try object.add(
            "timer", name, isFrameworkOwned: false, cleanup: { await schedule.end() })
        return DeviceTimer(object, schedule)
    }
}
