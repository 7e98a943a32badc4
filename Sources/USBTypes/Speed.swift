/// The signalling rate at which a device is connected.
public enum Speed: UInt8, Sendable, Hashable, CaseIterable, Comparable {
    /// 1.5 Mb/s.
    case low = 1
    /// 12 Mb/s.
    case full = 2
    /// 480 Mb/s.
    case high = 3
    /// 5 Gb/s.
    case `super` = 5
    /// 10 Gb/s or more.
    case superPlus = 6

    /// Slower before faster.
    public static func < (left: Speed, right: Speed) -> Bool { left.rawValue < right.rawValue }
}
