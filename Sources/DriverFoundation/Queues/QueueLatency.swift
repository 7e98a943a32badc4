/// How long a queue's requests took, in its two halves.
public struct QueueLatency: Sendable {
    /// From a request's arrival in the queue to its delivery.
    public var waiting = LatencyHistogram()
    /// From its delivery to its leaving the driver: completed, forwarded or requeued.
    public var driver = LatencyHistogram()
}

/// Durations counted in buckets whose width grows with what they hold: eight to each power of two,
/// so that what it says is never more than an eighth too long.
///
/// Adding allocates nothing, unless a copy of it was taken since the last time.
public struct LatencyHistogram: Sendable {
    // Below 2^10 ns everything falls into the first eight; above 2^42 ns, more than an hour, into
    // the last.
    private static let firstOctave = 10
    private static let octaves = 32
    private static let stepBits = 3

    private var counts = [UInt64](repeating: 0, count: octaves << stepBits)
    /// How many durations were added.
    public private(set) var count: UInt64 = 0
    /// The longest of them.
    public private(set) var longest = Duration.zero

    /// Adds one duration; a negative one counts as none.
    public mutating func add(_ duration: Duration) {
        counts[Self.bucket(of: UInt64(clamping: duration.nanoseconds))] += 1
        count += 1
        longest = max(longest, duration)
    }

    /// The duration that `fraction` of those added did not exceed, within an eighth; zero when
    /// there are none.
    ///
    /// `fraction`: 0…1, held within that; 0.5 is the median.
    public func duration(of fraction: Double) -> Duration {
        guard count > 0 else { return .zero }
        let share = min(max(fraction, 0), 1)
        let wanted = max(UInt64((share * Double(count)).rounded(.up)), 1)
        var sum: UInt64 = 0
        for (index, number) in counts.enumerated() {
            sum += number
            // The last bucket holds whatever is longer than the others.
            if sum >= wanted, index < counts.count - 1 {
                return min(.nanoseconds(Int64(clamping: Self.upperBound(of: index))), longest)
            }
        }
        return longest
    }

    private static func bucket(of nanoseconds: UInt64) -> Int {
        // The first octave is cut into equal steps from 0 on.
        if nanoseconds < 1 << firstOctave {
            return Int(nanoseconds >> (firstOctave - stepBits))
        }
        let octave = UInt64.bitWidth - 1 - nanoseconds.leadingZeroBitCount
        guard octave < firstOctave + octaves - 1 else { return (octaves << stepBits) - 1 }
        let step = Int(nanoseconds >> (octave - stepBits)) & ((1 << stepBits) - 1)
        return (octave - firstOctave + 1) << stepBits + step
    }

    /// The most that bucket `index` holds.
    private static func upperBound(of index: Int) -> UInt64 {
        let step = UInt64(index & ((1 << stepBits) - 1)) + 1
        let row = index >> stepBits
        if row == 0 { return step << (firstOctave - stepBits) - 1 }
        let octave = firstOctave + row - 1
        return 1 << octave + step << (octave - stepBits) - 1
    }
}
