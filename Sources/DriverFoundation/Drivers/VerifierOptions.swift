internal import Glibc

/// What is checked beyond what always is, and costs a little: chosen by the program, or without
/// touching it by the environment: `DRIVER_FOUNDATION_VERIFIER=slow=10,watchdog=2000` (VF-63).
///
/// Times are whole milliseconds.
public struct VerifierOptions: Sendable, Hashable {
    /// `slow`: code that keeps the loop longer than this from every other device's work is
    /// reported (S-4, VF-14); nobody looks if it is `nil`.
    public var slowHandlers: Duration?
    /// `watchdog`: in place of ``PlugAndPlay/Options/watchdogInterval`` (Q-14, VF-1).
    public var watchdogInterval: Duration?

    /// Nothing more than always.
    public init() {}

    /// What `text` asks for.
    ///
    /// Errors: `.invalidRequest` with what is not understood, and what would be.
    public init(parsing text: String) throws(DeviceError) {
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2, let time = Int(pair[1]), time > 0, time <= 86_400_000 else {
                throw Self.unreadable(part)
            }
            switch pair[0] {
            case "slow": slowHandlers = .milliseconds(time)
            case "watchdog": watchdogInterval = .milliseconds(time)
            default: throw Self.unreadable(part)
            }
        }
    }

    private static func unreadable(_ part: Substring) -> DeviceError {
        DeviceError(
            .invalidRequest,
            "`\(part)` is no option of the verifier: write slow=MILLISECONDS or"
                + " watchdog=MILLISECONDS, with commas between.")
    }

    /// What the environment asks for; what cannot be understood there is told to `report`.
    static func environment(_ report: (String) -> Void) -> VerifierOptions {
        guard let value = unsafe getenv("DRIVER_FOUNDATION_VERIFIER") else {
            return VerifierOptions()
        }
        do throws(DeviceError) {
            return try VerifierOptions(parsing: unsafe String(cString: value))
        } catch {
            report("DRIVER_FOUNDATION_VERIFIER: \(error)")
            return VerifierOptions()
        }
    }
}
