public import DriverFoundation
public import Logging

/// The system's sleep as logind tells of it: devices go down before the system sleeps, and come
/// back when it works again (PNP-5, WAKE-4).
///
/// ```swift
/// var options = PlugAndPlay.Options()
/// options.sleepSource = LogindSleepSource(who: "toaster")
/// ```
///
/// While the system works it holds a delay inhibitor of logind's, and lets go of it when the
/// devices are down. logind waits `InhibitDelayMaxSec` at most, five seconds unless logind.conf
/// says another time: a driver that takes longer is told of, and the system sleeps over its device.
/// Where no logind is, or no bus, that is told of and tried again, and the devices run on.
///
/// Threading: any. It has a thread of its own, from ``begin(_:)`` to ``end()``.
public actor LogindSleepSource: SleepSource {
    /// What can be chosen.
    public struct Options: Sendable {
        /// Where the message bus listens, as D-Bus writes addresses; the system's own by default:
        /// what `DBUS_SYSTEM_BUS_ADDRESS` says, or its usual place.
        public var address: String?
        /// Where what happens is logged.
        public var logger = Logger(label: "driver-foundation")
        /// Told of what happens, on the source's own thread.
        public var observer: (@Sendable (SleepNotice) -> Void)?
        /// How long to wait before the bus is tried again; twice as long after each further
        /// failure.
        public var firstRetry: Duration = .seconds(1)
        /// The longest such wait.
        public var longestRetry: Duration = .seconds(60)
        /// How long an answer may take.
        public var answerLimit: Duration = .seconds(25)
        /// How long devices that are down for the system's sleep stay so when logind cannot be
        /// heard. The time for which the system sleeps does not count.
        public var patience: Duration = .seconds(10)

        /// The defaults.
        public init() {}
    }

    private let who: String
    private let why: String
    private let options: Options
    private var session: SleepSession?

    /// Makes a source; `who` and `why` are what `systemd-inhibit --list` shows to people.
    public init(
        who: String, why: String = "Its devices go down first", options: Options = Options()
    ) {
        self.who = who
        self.why = why
        self.options = options
    }

    /// Calls `handler` for each change from now on, one call at a time. Returns at once: the
    /// observer is told when the inhibitor is held, or why it is not. Called again before
    /// ``end()``, it does nothing.
    public func begin(_ handler: @escaping @Sendable (SystemSleep) async -> Void) {
        guard session == nil else { return }
        let session = SleepSession(who: who, why: why, options: options, handler)
        self.session = session
        session.start()
    }

    /// Calls the handler no more, lets go of the inhibitor, and leaves the bus: after the call that
    /// runs, if one does. Called again, it does nothing.
    public func end() async {
        guard let session = session.take() else { return }
        await session.end()
    }
}
