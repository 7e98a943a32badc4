/// Why bytes are not the USB/IP message they were read as, and where.
public struct WireError: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Code: Hashable, Sendable {
        /// The version is not 1.1.1, which every peer demands exactly (usbip §1.2).
        case unsupportedVersion(UInt16)
        /// No such operation, or not one that goes in this direction.
        case unknownOperation(UInt16)
        /// A request carries a status, which only replies may.
        case unexpectedStatus(UInt32)
        /// A bus id field that is empty, not ended by a zero byte, or of other characters.
        case malformedBusID
        /// A path that is not ended by a zero byte, or not UTF-8.
        case malformedPath
        /// More devices in a list than `limit`.
        case tooManyDevices(UInt32, limit: Int)
        /// No such command, or not one that goes in this direction.
        case unknownCommand(UInt32)
        /// A direction other than 0 and 1.
        case invalidDirection(UInt32)
        /// An endpoint number over 15.
        case invalidEndpoint(UInt32)
        /// A length below 0 or over `limit`.
        case invalidLength(Int32, limit: Int)
        /// A number of packets that the kind of endpoint cannot have (usbip §1.6).
        case invalidPacketCount(Int32)
        /// An isochronous packet that lies outside its transfer's buffer.
        case packetOutsideBuffer(offset: UInt32, length: UInt32)
    }

    /// What is wrong.
    public let code: Code
    /// Where the field at fault stands, in bytes from the start of the message.
    public let offset: Int

    /// An error in the field at `offset`.
    public init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }
}

extension WireError: CustomStringConvertible {
    /// One sentence: where, and what is wrong.
    public var description: String { "At byte \(offset) of the message: \(code.text)." }
}

extension WireError.Code {
    fileprivate var text: String {
        switch self {
        case .unsupportedVersion(let version):
            return "version 0x\(String(version, radix: 16)) is not 0x111"
        case .unknownOperation(let operation):
            return "0x\(String(operation, radix: 16)) is no operation expected here"
        case .unexpectedStatus(let status):
            return "a request carries the status \(status)"
        case .malformedBusID:
            return "the bus id is not 1 to 31 of the characters 0-9 A-Z a-z . : _ -"
        case .malformedPath:
            return "the path is not UTF-8 ended by a zero byte"
        case .tooManyDevices(let count, let limit):
            return "a list of \(count) devices exceeds the limit of \(limit)"
        case .unknownCommand(let command):
            return "\(command) is no command expected here"
        case .invalidDirection(let direction):
            return "direction \(direction) is neither OUT (0) nor IN (1)"
        case .invalidEndpoint(let number):
            return "there is no endpoint number \(number)"
        case .invalidLength(let length, let limit):
            return "length \(length) is not within 0 to \(limit)"
        case .invalidPacketCount(let count):
            return "the endpoint cannot have a transfer of \(count) isochronous packets"
        case .packetOutsideBuffer(let offset, let length):
            return "a packet of \(length) bytes at \(offset) lies outside the buffer"
        }
    }
}
