/// The eight bytes that open every control transfer (USB 2.0 §9.3).
public struct SetupPacket: Hashable, Sendable {
    /// Who defines the request (`bmRequestType` bits 6…5).
    public enum Kind: UInt8, Sendable, Hashable, CaseIterable {
        /// USB 2.0 chapter 9.
        case standard = 0
        /// A class specification.
        case `class` = 1
        /// The device's maker.
        case vendor = 2
        /// Reserved by the specification.
        case reserved = 3
    }

    /// Whom the request addresses (`bmRequestType` bits 4…0).
    public struct Recipient: RawRepresentable, Hashable, Sendable {
        /// The five bits; 0…3 are defined.
        public let rawValue: UInt8
        /// Takes the five bits; higher ones are cut off.
        public init(rawValue: UInt8) { self.rawValue = rawValue & 0x1F }
        /// The device as a whole.
        public static let device = Recipient(rawValue: 0)
        /// The interface whose number is in the low byte of `index`.
        public static let interface = Recipient(rawValue: 1)
        /// The endpoint whose address is in the low byte of `index`.
        public static let endpoint = Recipient(rawValue: 2)
        /// Something else that the class or vendor defines.
        public static let other = Recipient(rawValue: 3)
    }

    /// `bmRequestType`.
    public let requestType: UInt8
    /// `bRequest`.
    public let request: UInt8
    /// `wValue`.
    public let value: UInt16
    /// `wIndex`.
    public let index: UInt16
    /// `wLength`: bytes in the data stage.
    public let length: UInt16

    /// The fields as they stand on the wire.
    public init(requestType: UInt8, request: UInt8, value: UInt16, index: UInt16, length: UInt16) {
        self.requestType = requestType
        self.request = request
        self.value = value
        self.index = index
        self.length = length
    }

    /// The same with `bmRequestType` put together from its three parts.
    public init(
        _ direction: Direction, _ kind: Kind, _ recipient: Recipient = .device, request: UInt8,
        value: UInt16 = 0, index: UInt16 = 0, length: UInt16 = 0
    ) {
        self.init(
            requestType: direction.rawValue << 7 | kind.rawValue << 5 | recipient.rawValue,
            request: request, value: value, index: index, length: length)
    }

    /// The direction of the data stage; for `length` 0 there is none and the status stage is IN.
    public var direction: Direction { requestType & 0x80 == 0 ? .out : .in }
    /// Who defines the request.
    public var kind: Kind { Kind(rawValue: requestType >> 5 & 3) ?? .reserved }
    /// Whom the request addresses.
    public var recipient: Recipient { Recipient(rawValue: requestType) }

    /// The eight bytes, multi-byte fields little endian.
    public var bytes: InlineArray<8, UInt8> {
        [
            requestType, request, UInt8(truncatingIfNeeded: value), UInt8(value >> 8),
            UInt8(truncatingIfNeeded: index), UInt8(index >> 8),
            UInt8(truncatingIfNeeded: length), UInt8(length >> 8),
        ]
    }

    /// Reads the eight bytes; any eight bytes are a setup packet.
    public init(bytes: InlineArray<8, UInt8>) {
        self.init(
            requestType: bytes[0], request: bytes[1],
            value: UInt16(bytes[2]) | UInt16(bytes[3]) << 8,
            index: UInt16(bytes[4]) | UInt16(bytes[5]) << 8,
            length: UInt16(bytes[6]) | UInt16(bytes[7]) << 8)
    }
}
