internal import Glibc

extension Verifier {
    /// Which calls fail on purpose.
    public enum Failure: Hashable, Sendable {
        /// None.
        case none
        /// The call of this number alone, from 1, counted over all points of all devices; 0 lets
        /// all pass. ``Verifier/passed`` keeps which they were.
        case call(Int)
        /// Each call whose number is a multiple of this.
        case every(Int)
    }

    /// What is watched, and what is made to fail (VF-63).
    public struct Options: Sendable {
        /// How long a callback of Plug and Play or power may take before it is named, and again
        /// after each further such time (VF-1, VF-62); by default
        /// ``PlugAndPlay/Options/watchdogInterval``. It is waited for without limit.
        public var callbackLimit: Duration?
        /// How long one handler may hold the loop before it is named (VF-14); `nil`: as long as it
        /// likes. Every device on the loop waits meanwhile.
        public var heldLoopLimit: Duration? = .milliseconds(10)
        /// How many drivers whose devices are gone may be left at the end before they are named
        /// (VF-42).
        public var leakLimit = 0
        /// Which calls fail on purpose (VF-64).
        public var failure = Failure.none

        /// The defaults.
        public init() {}

        /// The defaults as an environment variable changes them.
        ///
        /// Errors: as of ``init(_:)``.
        public init(
            fromEnvironment variable: String = "DRIVER_VERIFIER"
        ) throws(DeviceError) {
            self.init()
            guard let value = unsafe getenv(variable) else { return }
            self = try Options(unsafe String(cString: value))
        }

        /// The defaults as `text` changes them: `callbackLimit=5000,heldLoopLimit=off,leakLimit=3,
        /// failEvery=7`, limits of time in milliseconds.
        ///
        /// Errors: `.invalidRequest`, with the part that is not understood.
        public init(_ text: String) throws(DeviceError) {
            self.init()
            for part in text.split(separator: ",") {
                let sides = part.split(separator: "=", maxSplits: 1)
                guard sides.count == 2, set(String(sides[0]), String(sides[1])) else {
                    throw DeviceError(
                        .invalidRequest,
                        "The verifier does not know `\(part)`: it takes callbackLimit, "
                            + "heldLoopLimit, leakLimit and failEvery, each with a number (VF-63).")
                }
            }
        }

        private mutating func set(_ name: String, _ value: String) -> Bool {
            if name == "heldLoopLimit", value == "off" {
                heldLoopLimit = nil
                return true
            }
            guard let number = Int(value), number >= 0, number <= 1 << 40 else { return false }
            switch name {
            case "callbackLimit" where number > 0: callbackLimit = .milliseconds(number)
            case "heldLoopLimit" where number > 0: heldLoopLimit = .milliseconds(number)
            case "leakLimit": leakLimit = number
            case "failEvery" where number > 0: failure = .every(number)
            default: return false
            }
            return true
        }
    }
}
