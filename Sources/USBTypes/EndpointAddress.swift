/// An endpoint's number and direction in one byte (USB 2.0 §9.6.6, `bEndpointAddress`).
///
/// A literal is the raw byte: `0x81` is endpoint 1 IN, `0x02` endpoint 2 OUT. The reserved bits 6…4
/// are kept as they came, so that an encode gives back what was parsed.
public struct EndpointAddress: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
    /// The byte as it stands in the descriptor.
    public let rawValue: UInt8

    /// Takes the byte as it stands in the descriptor.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Takes the byte as it stands in the descriptor.
    public init(integerLiteral value: UInt8) { rawValue = value }

    /// Endpoint `number` (0…15; higher bits are cut off) in `direction`.
    public init(number: UInt8, _ direction: Direction) {
        rawValue = (number & 0x0F) | (direction == .in ? 0x80 : 0)
    }

    /// The default control endpoint, number 0.
    public static let control = EndpointAddress(rawValue: 0)

    /// The endpoint number, 0…15.
    public var number: UInt8 { rawValue & 0x0F }

    /// The direction; for the control endpoint it carries no meaning.
    public var direction: Direction { rawValue & 0x80 == 0 ? .out : .in }
}

extension EndpointAddress: CustomStringConvertible {
    /// The byte in hexadecimal, such as `0x81`.
    public var description: String {
        "0x" + (rawValue < 16 ? "0" : "") + String(rawValue, radix: 16)
    }
}
