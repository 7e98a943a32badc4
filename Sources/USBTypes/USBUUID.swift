/// A UUID as descriptors carry it, with its first three groups little endian.
///
/// A literal has the digits in the order of the text: `0x3408b638_09a9_47a0_8bfd_a0768815b665`.
public struct USBUUID: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
    /// The 128 bits in the order of the text.
    public let rawValue: UInt128

    /// Takes the 128 bits in the order of the text.
    public init(rawValue: UInt128) { self.rawValue = rawValue }

    /// Takes the 128 bits in the order of the text.
    public init(integerLiteral value: UInt128) { rawValue = value }

    /// WebUSB: a landing page, and access from web pages.
    public static let webUSB: USBUUID = 0x3408_b638_09a9_47a0_8bfd_a076_8815_b665
    /// Microsoft OS 2.0 descriptors: which driver Windows takes.
    public static let microsoftOS20: USBUUID = 0xd8dd_60df_4589_4cc7_9cd2_659d_9e64_8a9f
}

extension USBUUID: CustomStringConvertible {
    /// The text, such as `3408b638-09a9-47a0-8bfd-a0768815b665`.
    public var description: String {
        let digits = String(rawValue, radix: 16)
        let text = String(repeating: "0", count: 32 - digits.count) + digits
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { group in
            String(text.dropFirst(group.lowerBound).prefix(group.count))
        }.joined(separator: "-")
    }
}

/// The place on the wire of each byte of the text.
private let wireOrder = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]

extension RawDescriptor {
    /// The UUID at `offset`.
    func uuid(_ offset: Int) -> USBUUID {
        USBUUID(
            rawValue: wireOrder.reduce(into: 0) { value, place in
                value = value << 8 | UInt128(uint8(offset + place))
            })
    }
}

extension [UInt8] {
    /// Appends the sixteen bytes of `uuid`.
    mutating func append(_ uuid: USBUUID) {
        for place in wireOrder {
            append(UInt8(truncatingIfNeeded: uuid.rawValue >> UInt128(120 - 8 * place)))
        }
    }
}
