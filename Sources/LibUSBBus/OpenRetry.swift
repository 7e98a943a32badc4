internal import CLibUSB

/// When an open that was refused is tried again.
///
/// A device is announced before its node has its permissions, and sometimes before the node is
/// there (L14). So some refusals may pass; after ``attempts`` they are the truth.
package struct OpenRetry: Sendable {
    /// Opens that are tried at most.
    package static let attempts = 10
    /// The time between two of them: with nine pauses, one second in all.
    package static let pause = Duration.milliseconds(110)

    /// Opens tried so far.
    package private(set) var tried = 0

    package init() {}

    /// Whether to try again after `code`.
    package mutating func shouldRetry(after code: Int32) -> Bool {
        tried += 1
        guard tried < Self.attempts else { return false }
        switch libusb_error(code) {
        case LIBUSB_ERROR_ACCESS, LIBUSB_ERROR_BUSY, LIBUSB_ERROR_NO_DEVICE, LIBUSB_ERROR_IO:
            return true
        default:
            return false
        }
    }
}
