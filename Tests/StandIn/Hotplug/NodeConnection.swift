import DriverRuntime
import Foundation
import USBTypes
import VirtualUSB

/// One opening of a device's node: answers what its process asks of the node, with that process's
/// memory read and written through the preloaded library.
///
/// A request is three words: 1, the ioctl's number, its argument. The answer is any number of reads
/// (5, address, length) and writes (6, address, length, bytes) of memory, then the end (3, result,
/// errno).
final class NodeConnection: @unchecked Sendable {
    // Sendable: the socket is the connection's thread's, the rest is guarded by `lock`.
    private let socket: Int32
    private let port: UpstreamPort
    private let node: TerminalNode
    private let lock = Lock()
    private var pending: [UInt64: ProcessTransfer] = [:]
    private var ended: [ProcessTransfer] = []
    private var isGone = false

    init(_ socket: Int32, to port: UpstreamPort, node: TerminalNode) {
        self.socket = socket
        self.port = port
        self.node = node
    }

    /// Until the node is closed.
    func serve() {
        while let request = receive(24) {
            let words = request.words
            let result =
                words[0] == 1 ? answer(UInt32(truncatingIfNeeded: words[1]), words[2]) : EIO
            send([3, result == 0 ? 0 : .max, UInt64(result)])
        }
        for transfer in lock.withLock({ Array(pending.values) }) { cancel(transfer) }
        close(socket)
    }

    /// The device is gone; its transfers ended before.
    func disconnect() { lock.withLock { isGone = true } }

    // MARK: What a node does

    /// 0 or an errno.
    private func answer(_ code: UInt32, _ argument: UInt64) -> Int32 {
        if code == NodeRequest.reap { return reap(into: argument) }
        if lock.withLock({ isGone }) { return ENODEV }
        switch code {
        case NodeRequest.capabilities:
            // Zero packets, no limit to a transfer's size, and reaping after the disconnect.
            write([0x01 | 0x04 | 0x10, 0, 0, 0], at: argument)
            return 0
        case NodeRequest.claim, NodeRequest.release: return 0
        case NodeRequest.driver: return ENODATA
        case NodeRequest.submit: return submit(argument)
        case NodeRequest.discard:
            guard let transfer = lock.withLock({ pending[argument] }) else { return EINVAL }
            cancel(transfer)
            return 0
        default: return ENOTTY
        }
    }

    private func submit(_ address: UInt64) -> Int32 {
        guard let block = read(ProcessTransfer.blockSize, at: address) else { return EFAULT }
        guard
            let transfer = ProcessTransfer(
                block, at: address, of: self, read: { self.read($0, at: $1) })
        else { return EINVAL }
        lock.withLock { pending[address] = transfer }
        port.loop.execute { [port] in port.submit(transfer) }
        return 0
    }

    private func cancel(_ transfer: ProcessTransfer) {
        port.loop.execute { [port] in port.cancel(transfer) }
    }

    /// On the loop.
    func finish(_ transfer: ProcessTransfer) {
        lock.withLock {
            pending[transfer.address] = nil
            ended.append(transfer)
            node.setWritable(true)
        }
    }

    private func reap(into argument: UInt64) -> Int32 {
        let (transfer, isGone): (ProcessTransfer?, Bool) = lock.withLock {
            if ended.isEmpty { node.setWritable(false) }
            return (ended.isEmpty ? nil : ended.removeFirst(), self.isGone)
        }
        guard let transfer else { return isGone ? ENODEV : EAGAIN }
        for (address, bytes) in transfer.outcome where !bytes.isEmpty { write(bytes, at: address) }
        write(withUnsafeBytes(of: transfer.address) { Array($0) }, at: argument)
        return 0
    }

    // MARK: The other process's memory

    private func read(_ count: Int, at address: UInt64) -> [UInt8]? {
        guard count > 0 else { return [] }
        send([5, address, UInt64(count)])
        return receive(count)
    }

    private func write(_ bytes: [UInt8], at address: UInt64) {
        send([6, address, UInt64(bytes.count)])
        send(bytes)
    }

    private func send(_ words: [UInt64]) {
        send(words.flatMap { word in withUnsafeBytes(of: word) { Array($0) } })
    }

    private func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.send(
                    socket, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL)
                )
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// `nil` at the end.
    private func receive(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return recv(socket, &bytes, count, Int32(MSG_WAITALL)) == count ? bytes : nil
    }
}

/// The kernel's numbers of the ioctls, on machines of 64 bits.
private enum NodeRequest {
    static let driver: UInt32 = 0x4104_5508
    static let submit: UInt32 = 0x8038_550a
    static let discard: UInt32 = 0x550b
    static let reap: UInt32 = 0x4008_550d
    static let claim: UInt32 = 0x8004_550f
    static let release: UInt32 = 0x8004_5510
    static let capabilities: UInt32 = 0x8004_551a
}

extension [UInt8] {
    /// Numbers of eight bytes.
    var words: [UInt64] { (0..<count / 8).map { number(at: $0 * 8, UInt64.self) } }

    func number<Number: FixedWidthInteger>(at offset: Int, _: Number.Type) -> Number {
        withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
    }
}
