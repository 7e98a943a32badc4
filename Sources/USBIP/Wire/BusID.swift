internal import USBTypes

/// The name under which a server exports a device, such as `1-1`: 1 to 31 of the characters
/// `0-9 A-Z a-z . : _ -` (usbip §1.3).
public struct BusID: Hashable, Sendable, CustomStringConvertible {
    /// Bytes of the field that carries it, the zero bytes behind it included.
    static let fieldSize = 32

    /// The name.
    public let name: String

    /// Takes a name; `nil` for one that cannot be a bus id.
    public init?(_ name: String) {
        guard 1..<Self.fieldSize ~= name.utf8.count, name.utf8.allSatisfy(Self.isAllowed) else {
            return nil
        }
        self.name = name
    }

    /// Reads the field at `offset`.
    init(from bytes: RawSpan, at offset: Int) throws(WireError) {
        guard let text = String(fieldIn: bytes, at: offset, size: Self.fieldSize),
            let busID = BusID(text)
        else { throw WireError(.malformedBusID, at: offset) }
        self = busID
    }

    func append(to queue: inout ByteQueue) { queue.append(name, padding: Self.fieldSize) }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: ":"),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            return true
        default: return false
        }
    }

    /// The name.
    public var description: String { name }
}

extension String {
    /// The text in a field of `size` bytes, which a zero byte must end; `nil` if none does or it
    /// is not UTF-8. What follows the zero byte is not looked at.
    init?(fieldIn bytes: RawSpan, at offset: Int, size: Int) {
        let field = bytes.extracting(offset..<offset + size)
        var text: [UInt8] = []
        for index in 0..<size {
            guard let byte = field.byte(at: index), byte != 0 else { break }
            text.append(byte)
        }
        guard text.count < size, let string = String(validating: text, as: UTF8.self) else {
            return nil
        }
        self = string
    }
}

extension ByteQueue {
    /// Appends `text` and zero bytes up to `size`.
    mutating func append(_ text: String, padding size: Int) {
        let bytes = Array(text.utf8.prefix(size - 1))
        append(bytes + [UInt8](repeating: 0, count: size - bytes.count))
    }
}
