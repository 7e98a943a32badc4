package import CLibUSB
package import USBBus

/// What libusb's numbers mean to this bus (libusb §2.6).
package enum StatusMap {
    /// How a transfer ended.
    ///
    /// `cancelled` says that its end was asked for: the kernel then ends an IN with no bytes and no
    /// error, which is not an empty packet (L10). `excess` says that more came than was asked for:
    /// the memory holds whole packets (L18), so libusb itself does not notice.
    @inline(__always)
    package static func status(
        _ status: libusb_transfer_status, cancelled: Bool, isEmpty: Bool, excess: Bool
    ) -> TransferStatus {
        switch status {
        case LIBUSB_TRANSFER_COMPLETED:
            if cancelled && isEmpty { return .cancelled }
            return excess ? .overflow : .completed
        case LIBUSB_TRANSFER_CANCELLED, LIBUSB_TRANSFER_TIMED_OUT: return .cancelled
        case LIBUSB_TRANSFER_STALL: return .stalled
        case LIBUSB_TRANSFER_OVERFLOW: return .overflow
        case LIBUSB_TRANSFER_NO_DEVICE: return .deviceGone
        default: return .failed
        }
    }

    /// The kind of failure that a libusb code stands for.
    package static func code(_ native: Int32) -> BusError.Code {
        switch libusb_error(native) {
        case LIBUSB_ERROR_NO_DEVICE: .deviceGone
        case LIBUSB_ERROR_BUSY: .busy
        case LIBUSB_ERROR_ACCESS: .accessDenied
        case LIBUSB_ERROR_INVALID_PARAM: .invalidRequest
        case LIBUSB_ERROR_NO_MEM: .outOfMemory
        case LIBUSB_ERROR_PIPE: .stalled
        case LIBUSB_ERROR_NOT_FOUND: .notFound
        case LIBUSB_ERROR_NOT_SUPPORTED: .unsupported
        default: .failed
        }
    }

    /// libusb's name for a code. Its own function for this would be one more call to keep.
    package static func name(_ native: Int32) -> String {
        switch libusb_error(native) {
        case LIBUSB_ERROR_IO: "LIBUSB_ERROR_IO"
        case LIBUSB_ERROR_INVALID_PARAM: "LIBUSB_ERROR_INVALID_PARAM"
        case LIBUSB_ERROR_ACCESS: "LIBUSB_ERROR_ACCESS"
        case LIBUSB_ERROR_NO_DEVICE: "LIBUSB_ERROR_NO_DEVICE"
        case LIBUSB_ERROR_NOT_FOUND: "LIBUSB_ERROR_NOT_FOUND"
        case LIBUSB_ERROR_BUSY: "LIBUSB_ERROR_BUSY"
        case LIBUSB_ERROR_TIMEOUT: "LIBUSB_ERROR_TIMEOUT"
        case LIBUSB_ERROR_OVERFLOW: "LIBUSB_ERROR_OVERFLOW"
        case LIBUSB_ERROR_PIPE: "LIBUSB_ERROR_PIPE"
        case LIBUSB_ERROR_INTERRUPTED: "LIBUSB_ERROR_INTERRUPTED"
        case LIBUSB_ERROR_NO_MEM: "LIBUSB_ERROR_NO_MEM"
        case LIBUSB_ERROR_NOT_SUPPORTED: "LIBUSB_ERROR_NOT_SUPPORTED"
        case LIBUSB_ERROR_OTHER: "LIBUSB_ERROR_OTHER"
        default: "libusb error \(native)"
        }
    }

    /// The error for a failed call; `action` completes "cannot …".
    package static func error(
        _ native: Int32, _ action: String, hint: String? = nil
    ) -> BusError {
        let reason: String =
            switch libusb_error(native) {
            case LIBUSB_ERROR_NO_DEVICE: "the device is not there any more"
            case LIBUSB_ERROR_BUSY: "somebody else holds it"
            case LIBUSB_ERROR_ACCESS: "the operating system does not allow it"
            case LIBUSB_ERROR_NO_MEM: "no memory for transfers is left"
            case LIBUSB_ERROR_PIPE: "the device refused the request"
            case LIBUSB_ERROR_NOT_FOUND: "there is no such thing on the device"
            case LIBUSB_ERROR_IO: "the bus or the kernel reported an input/output error"
            default: "libusb said no"
            }
        let tail = hint.map { ". \($0)" } ?? "."
        return BusError(
            code(native), "Cannot \(action): \(reason) (\(name(native)))\(tail)", native: native)
    }
}
