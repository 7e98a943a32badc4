internal import DriverRuntime

/// What happened in a simulation: a hash over every choice and move of time, and the lines logged.
struct Trace: Sendable {
    private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var lines: [String] = []

    /// FNV's step over whole words, with a shift because words' high bits must reach the low ones.
    mutating func mix(_ word: UInt64) {
        hash = (hash ^ word) &* 0x0000_0100_0000_01B3
        hash ^= hash >> 29
    }

    mutating func append(_ text: String, at instant: Instant) {
        lines.append("\(instant.text)  \(text)")
        for byte in text.utf8 { mix(UInt64(byte)) }
    }
}

extension Instant {
    /// Seconds with nine decimals.
    var text: String {
        let decimals = String(nanoseconds % 1_000_000_000)
        let zeros = String(repeating: "0", count: 9 - decimals.utf8.count)
        return "\(nanoseconds / 1_000_000_000).\(zeros)\(decimals)"
    }
}
