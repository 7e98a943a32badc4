@testable import USBIP

extension [UInt8] {
    /// The bytes, lent.
    var raw: RawSpan {
        @_lifetime(borrow self)
        get {
            // Unsafe only for elements with padding.
            unsafe _overrideLifetime(span.bytes, borrowing: self)
        }
    }
}

// For bytes that are a class's property, whose span could not leave its access.
extension TransferReply {
    static func parse(_ bytes: [UInt8]) throws -> TransferReply? { try parse(bytes.raw) }
}

extension OperationReply {
    static func parse(_ bytes: [UInt8]) throws -> (reply: OperationReply, size: Int)? {
        try parse(bytes.raw)
    }
}
