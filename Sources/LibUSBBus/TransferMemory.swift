internal import Glibc

/// The memory of one transfer: from the heap, or mapped from the kernel, where the host controller
/// reads and writes it without a copy.
@safe struct TransferMemory: @unchecked Sendable {
    // Sendable because it is only an address; whoever holds it answers for the accesses.

    /// All of it, a control transfer's setup packet included.
    let bytes: UnsafeMutableRawBufferPointer
    /// Whether it is the kernel's.
    let isMapped: Bool

    /// Its size.
    var byteCount: Int { unsafe bytes.count }

    /// Zeroed memory from the heap.
    static func heap(_ byteCount: Int) -> TransferMemory {
        let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(byteCount, 1), alignment: 64)
        unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0)
        return unsafe TransferMemory(bytes: bytes, isMapped: false)
    }

    /// Memory that was mapped from the kernel.
    static func mapped(_ base: UnsafeMutableRawPointer, _ byteCount: Int) -> TransferMemory {
        unsafe TransferMemory(
            bytes: UnsafeMutableRawBufferPointer(start: base, count: byteCount), isMapped: true)
    }

    /// Puts ordinary memory in the place of the kernel's, at the same address: a mapping left over
    /// would keep the device's node open behind libusb's back, and its owner may still look at it.
    func detach() {
        guard isMapped else { return }
        let result = unsafe mmap(
            bytes.baseAddress, bytes.count, PROT_READ | PROT_WRITE,
            MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        precondition(unsafe result == bytes.baseAddress, "a mapping could not be replaced")
    }

    /// Frees it. libusb's own call for that needs the open device, and only unmaps.
    func free() {
        if isMapped {
            unsafe munmap(bytes.baseAddress, bytes.count)
        } else {
            unsafe bytes.deallocate()
        }
    }
}

/// Whether mapped memory pays on this machine.
///
/// Where the caches are not coherent with the controller the kernel maps it uncached, and reading
/// it is up to fifty times slower (libusb §2.6): then the copy that it saves is cheaper.
struct MappingProbe: Sendable {
    /// From this size on the saved copy is worth a mapping.
    static let threshold = 16_384
    private static let size = 65_536

    /// Compares the time to read `mapped` with the time to read the heap; `mapped` has at least 64
    /// KiB.
    static func pays(_ mapped: TransferMemory) -> Bool {
        let heap = TransferMemory.heap(size)
        defer { heap.free() }
        return fastest(mapped) <= 4 * max(fastest(heap), 1_000)
    }

    /// The bytes that a probe needs.
    static var byteCount: Int { size }

    private static func fastest(_ memory: TransferMemory) -> UInt64 {
        let target = TransferMemory.heap(size)
        defer { target.free() }
        var best = UInt64.max
        for _ in 0..<4 {
            let start = nanoseconds()
            unsafe target.bytes.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: memory.bytes[..<size]))
            best = min(best, nanoseconds() - start)
        }
        return best
    }

    private static func nanoseconds() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
