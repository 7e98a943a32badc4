import DriverRuntime
import Foundation

/// What stands for a device's node: a terminal, because it can be opened by its name, be writable
/// or not as it is let, and be hung up.
///
/// A node is writable when there is something to reap (libusb waits for that), and is hung up when
/// the device is gone.
final class TerminalNode: @unchecked Sendable {
    // Sendable: after `init` the descriptors are guarded by `lock`.
    let name: String
    private let lock = Lock()
    private var master: Int32
    private var slave: Int32
    /// `TIOCGPTN` and `TIOCSPTLCK`.
    private static let getNumber: UInt = 0x8004_5430
    private static let setLocked: UInt = 0x4004_5431

    init() throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var number: Int32 = 0
        var isLocked: Int32 = 0
        guard master >= 0, ioctl(master, Self.getNumber, &number) == 0,
            ioctl(master, Self.setLocked, &isLocked) == 0
        else { throw HotplugFailure("no terminal: \(errno)") }
        name = "/dev/pts/\(number)"
        slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard slave >= 0 else { throw HotplugFailure("\(name) cannot be opened: \(errno)") }
        setWritable(false)
    }

    func setWritable(_ isWritable: Bool) {
        lock.withLock { if slave >= 0 { tcflow(slave, isWritable ? TCOON : TCOOFF) } }
    }

    func hangUp() {
        lock.withLock {
            guard master >= 0 else { return }
            close(slave)
            slave = -1
            close(master)
            master = -1
        }
    }

    deinit { hangUp() }
}
