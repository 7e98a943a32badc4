/// A point in time on a loop's clock, in nanoseconds since that clock's origin.
///
/// On a real loop the origin is the machine's start (`CLOCK_MONOTONIC`), in a simulation it is the
/// simulation's. Instants of different clocks must not be compared.
public struct Instant: InstantProtocol, BitwiseCopyable, Sendable {
    /// Nanoseconds since the clock's origin.
    public let nanoseconds: UInt64

    /// The instant `nanoseconds` after the clock's origin.
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// An instant that no clock reaches.
    public static let distantFuture = Instant(nanoseconds: .max)

    /// This instant moved by `duration`, held within what the type can express.
    public func advanced(by duration: Duration) -> Instant {
        let distance = duration.nanoseconds
        if distance >= 0 {
            let (sum, overflow) = nanoseconds.addingReportingOverflow(UInt64(distance))
            return Instant(nanoseconds: overflow ? .max : sum)
        }
        let back = distance.magnitude
        return Instant(nanoseconds: nanoseconds > back ? nanoseconds - back : 0)
    }

    /// The time from this instant to `other`; negative when `other` is earlier.
    public func duration(to other: Instant) -> Duration {
        other.nanoseconds >= nanoseconds
            ? .nanoseconds(Int64(clamping: other.nanoseconds - nanoseconds))
            : .nanoseconds(-Int64(clamping: nanoseconds - other.nanoseconds))
    }

    /// Earlier before later.
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

extension Duration {
    /// The whole nanoseconds of this duration, held within an `Int64`.
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, overflowed) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflowed ? (seconds < 0 ? .min : .max) : sum
    }
}
