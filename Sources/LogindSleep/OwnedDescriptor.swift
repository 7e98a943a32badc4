internal import Glibc

/// A file descriptor that is closed when nobody refers to it any more.
final class OwnedDescriptor: Sendable {
    let number: Int32

    /// A copy of `original`, which stays its owner's; `nil` when the process has no more.
    init?(copying original: Int32) {
        let number = fcntl(original, F_DUPFD_CLOEXEC, 3)
        guard number >= 0 else { return nil }
        self.number = number
    }

    deinit { close(number) }
}
