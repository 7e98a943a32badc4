import DriverFoundation

/// Who does what a line tells of.
package enum Speaker: String, Sendable, CaseIterable {
    /// Whoever plugs and pulls.
    case hand
    /// The framework, between the driver's callbacks.
    case framework
    /// The driver.
    case driver
    /// The program that uses the device.
    case client
    /// The device itself, when it is a virtual one.
    case device

    var colour: Escape {
        switch self {
        case .hand: .yellow
        case .framework: .dim
        case .driver: .cyan
        case .client: .green
        case .device: .magenta
        }
    }
}

/// Tells what happens, as it happens: when, who, what.
///
/// ```
///   0.004  framework  hardware acquired
///   0.004  driver       prepareHardware …
/// ```
package final class Narrator: @unchecked Sendable {
    // Sendable because everything that varies is guarded by `lock`.
    package let terminal: Terminal
    private let now: @Sendable () -> Instant
    private let start: Instant
    private let lock = Lock()
    private var running: [ObjectIdentifier: [DriverCallback: Instant]] = [:]
    private var account = Account()
    private var refusal: DeviceError?

    package init(
        on terminal: Terminal = .standard, now: @escaping @Sendable () -> Instant = { .monotonic }
    ) {
        self.terminal = terminal
        self.now = now
        start = now()
    }

    /// What has happened so far.
    package var counts: Account { lock.withLock { account } }

    /// Why a device could not be started, if one could not: the latest reason.
    package var startError: DeviceError? { lock.withLock { refusal } }

    /// Tells that `who` does `what`.
    package func tell(_ who: Speaker, _ what: String, _ escapes: Escape...) {
        let text = escapes.reduce(what) { terminal.paint($0, $1) }
        terminal.line(
            terminal.paint(Self.time(start.duration(to: now())), .dim) + "  "
                + terminal.paint(Self.padded(who.rawValue, to: 9), who.colour) + "  " + text)
    }

    /// Tells a step of a device's life, and counts it; give it to ``PlugAndPlay`` as the observer.
    package func observe(_ device: Device, _ step: LifecycleStep) {
        let now = now()
        let elapsed: Duration? = lock.withLock {
            account.note(step)
            let device = ObjectIdentifier(device)
            switch step {
            case .began(let callback):
                running[device, default: [:]][callback] = now
                return nil
            case .returned(let callback), .threw(let callback, _):
                if case .threw(_, let error) = step { refusal = error }
                return running[device]?.removeValue(forKey: callback)?.duration(to: now)
            case .hardwareRefused(let error):
                refusal = error
                return nil
            case .disposed:
                running[device] = nil
                return nil
            default: return nil
            }
        }
        tell(step, of: device.name, after: elapsed)
    }

    private func tell(_ step: LifecycleStep, of name: String, after elapsed: Duration?) {
        switch step {
        case .matched(let driver): tell(.framework, "\(name) has arrived; its driver is \(driver)")
        // Few drivers have these: they are told of when they take time.
        case .began(let callback) where Self.isRare(callback): break
        case .returned(let callback)
        where Self.isRare(callback) && elapsed.map { $0 < .milliseconds(1) } ?? true:
            break
        case .began(let callback): tell(.driver, "  \(callback.rawValue) …")
        case .returned(let callback):
            let time = elapsed.map { " after " + Self.milliseconds($0) } ?? ""
            tell(.driver, "  \(callback.rawValue) returned" + time)
        case .threw(let callback, let error):
            tell(.driver, "  \(callback.rawValue) threw: \(error)", .red)
        case .hardwareRefused(let error): tell(.framework, "  hardware refused: \(error)", .red)
        case .startFailed: tell(.framework, "start failed", .red)
        case .started: tell(.framework, "started: \(name) works", .bold)
        case .disposed: tell(.framework, "\(name) is forgotten")
        default: tell(.framework, "  \(step)")
        }
    }

    private static func isRare(_ callback: DriverCallback) -> Bool {
        switch callback {
        case .postInterruptsEnabled, .preInterruptsDisabled, .initializeSelfManagedIO,
            .restartSelfManagedIO, .suspendSelfManagedIO, .flushSelfManagedIO,
            .cleanUpSelfManagedIO:
            true
        default: false
        }
    }

    // MARK: Text

    /// Seconds with three decimals, seven columns wide.
    package static func time(_ duration: Duration) -> String {
        let milliseconds = max(duration.nanoseconds, 0) / 1_000_000
        let fraction = String(milliseconds % 1000)
        let text = "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count)
        return String(repeating: " ", count: max(0, 7 - text.count - fraction.count)) + text
            + fraction
    }

    /// Milliseconds with two decimals, such as `0.35 ms`.
    package static func milliseconds(_ duration: Duration) -> String {
        let hundredths = max(duration.nanoseconds, 0) / 10_000
        let fraction = String(hundredths % 100)
        return "\(hundredths / 100)." + (fraction.count < 2 ? "0" : "") + fraction + " ms"
    }

    static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
