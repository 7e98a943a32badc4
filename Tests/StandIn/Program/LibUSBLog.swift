import CLibUSB
import DriverRuntime

/// What libusb warns of: in a program that keeps its rules, nothing (L24, L25).
enum LibUSBLog {
    private static let lock = Lock()
    nonisolated(unsafe) private static var warnings: [String] = []

    /// Takes warnings and errors from now on, of every context that is made.
    static func begin() {
        libusb_set_log_cb(
            nil,
            { _, level, text in
                guard level.rawValue <= LIBUSB_LOG_LEVEL_WARNING.rawValue, let text else { return }
                LibUSBLog.add(String(cString: text))
            }, Int32(LIBUSB_LOG_CB_GLOBAL.rawValue))
        _ = df_set_option_int(
            nil, LIBUSB_OPTION_LOG_LEVEL, Int32(LIBUSB_LOG_LEVEL_WARNING.rawValue))
    }

    private static func add(_ line: String) {
        lock.withLock { warnings.append(line.split(separator: "\n").joined(separator: " ")) }
    }

    /// The lines since the last call.
    static func take() -> [String] {
        lock.withLock {
            defer { warnings = [] }
            return warnings
        }
    }
}
