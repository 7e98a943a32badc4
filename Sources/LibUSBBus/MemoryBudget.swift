package import USBBus
package import USBTypes

/// How much of the kernel's memory for transfers is in use (L26).
///
/// The kernel's limit counts all programs, so it may refuse earlier than this does; but a program
/// that asks for too much by itself is told so in words, where the kernel would only say "no
/// memory" — or, for control transfers, "input/output error".
///
/// Threading: on the loop.
package final class MemoryBudget: Sendable {
    /// What the kernel adds for each transfer, about.
    package static let overhead = 512
    private static let parameter = "/sys/module/usbcore/parameters/usbfs_memory_mb"

    /// The limit in bytes; `nil` for none.
    package let limit: Int?
    private let used: LoopCell<Int>

    package init(limit: Int?) {
        self.limit = limit
        used = LoopCell(0)
    }

    deinit { used.free() }

    /// The limit in force; without a number, or with the number 0, the kernel has none.
    package static func systemLimit() -> Int? {
        guard let megabytes = SystemFile.number(parameter), megabytes > 0 else { return nil }
        return megabytes << 20
    }

    /// Bytes in use.
    package var inUse: Int { used.value }

    /// Takes `bytes`, or says that they are too many.
    @inline(__always)
    package func reserve(_ bytes: Int, for endpoint: EndpointAddress) throws(BusError) {
        let sum = used.value + bytes
        if let limit, sum > limit { throw exhausted(bytes, endpoint, limit) }
        used.value = sum
    }

    /// Gives `bytes` back.
    @inline(__always)
    package func free(_ bytes: Int) { used.value -= bytes }

    /// The error that names the limit.
    package func exhausted(
        _ bytes: Int, _ endpoint: EndpointAddress, _ limit: Int? = nil
    ) -> BusError {
        let allowed =
            (limit ?? self.limit).map { "\($0 >> 20) MiB for all programs together" } ?? "no more"
        return BusError(
            .outOfMemory,
            "Cannot submit \(bytes) bytes on endpoint \(endpoint): \(inUse) bytes are in flight"
                + " and the kernel allows \(allowed). Use fewer or smaller transfers, or raise the"
                + " limit: echo 256 > \(Self.parameter)")
    }
}
