/// A version number in binary-coded decimal, such as `0x0210` for 2.10 (`bcdUSB`, `bcdDevice`).
public struct BCDVersion: RawRepresentable, Hashable, Sendable, Comparable,
    ExpressibleByIntegerLiteral
{
    /// The sixteen bits as they stand in the descriptor.
    public let rawValue: UInt16

    /// Takes the sixteen bits; digits above 9 are kept, since devices send them.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Takes the sixteen bits, best written in hexadecimal.
    public init(integerLiteral value: UInt16) { rawValue = value }

    /// An older version before a newer one.
    public static func < (left: BCDVersion, right: BCDVersion) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension BCDVersion: CustomStringConvertible {
    /// The number as it is printed in specifications, such as `2.10`.
    public var description: String {
        let minor = String(rawValue & 0xFF, radix: 16)
        return String(rawValue >> 8, radix: 16) + "." + (minor.count < 2 ? "0" : "") + minor
    }
}
