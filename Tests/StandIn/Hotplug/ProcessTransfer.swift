import Glibc
import USBBus
import USBTypes
import VirtualUSB

/// A transfer of another process, as the device sees it.
final class ProcessTransfer: HostTransfer, @unchecked Sendable {
    // Sendable: what changes is the loop's until the transfer has ended, and nobody's after that.

    /// Bytes of the block by which a process submits one (`struct usbdevfs_urb`).
    static let blockSize = 56
    private static let bulk: UInt8 = 3
    private static let control: UInt8 = 2

    /// The block's, in that process; it is the transfer's name too.
    let address: UInt64
    private let buffer: UInt64
    private let isIn: Bool
    private let isControl: Bool
    private let connection: NodeConnection
    private var status: Int32 = 0
    private var moved: Int32 = 0

    /// `nil` for a transfer that the node does not take. `read` gets bytes of the process's memory.
    init?(
        _ block: [UInt8], at address: UInt64, of connection: NodeConnection,
        read: (Int, UInt64) -> [UInt8]?
    ) {
        let size = Int(block.number(at: 24, Int32.self))
        isControl = block[0] == Self.control
        guard isControl || block[0] == Self.bulk, size >= (isControl ? 8 : 0) else { return nil }
        self.address = address
        self.connection = connection
        buffer = block.number(at: 16, UInt64.self)
        let skipped = isControl ? 8 : 0
        guard let head = read(skipped, buffer) else { return nil }
        isIn = (isControl ? head[0] : block[1]) & 0x80 != 0
        guard let data = isIn ? [] : read(size - skipped, buffer + UInt64(skipped)) else {
            return nil
        }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size - skipped, alignment: 8)
        memory.copyBytes(from: data)
        super.init(
            endpoint: isControl ? .control : EndpointAddress(rawValue: block[1]), memory: memory)
        length = size - skipped
        if isControl {
            setup = SetupPacket(bytes: InlineArray<8, UInt8> { head[$0] })
        }
    }

    deinit { memory.deallocate() }

    override func finish(_ status: TransferStatus, length: Int) {
        self.status =
            switch status {
            case .completed: 0
            case .cancelled: -ENOENT
            case .stalled: -EPIPE
            case .overflow: -EOVERFLOW
            case .failed: -EPROTO
            case .deviceGone: -ESHUTDOWN
            }
        moved = Int32(length)
        connection.finish(self)
    }

    /// What is to be written where in the process: how it ended, how many bytes moved, the bytes.
    var outcome: [(UInt64, [UInt8])] {
        [
            (address + 4, withUnsafeBytes(of: status) { Array($0) }),
            (address + 28, withUnsafeBytes(of: moved) { Array($0) }),
            (buffer + (isControl ? 8 : 0), isIn ? Array(memory.prefix(Int(moved))) : []),
        ]
    }
}
