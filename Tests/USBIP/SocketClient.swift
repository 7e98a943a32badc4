import Glibc
import USBTypes

@testable import USBIP

/// A client of plain blocking calls, each bounded by a deadline of the socket's own.
final class SocketClient {
    struct Failure: Error { let what: String }

    private let descriptor: Int32

    init(port: UInt16, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer {
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4)
        }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        let limitSize = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, limitSize)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, limitSize)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw Failure(what: "connect: errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// Sends all of it; `false` when the server has gone.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { buffer in
                unsafe Glibc.send(
                    descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Up to `count` bytes; fewer when the server closes before.
    func receive(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                let free = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                return unsafe recv(descriptor, free.baseAddress, free.count, 0)
            }
            if got == 0 || (got < 0 && errno == ECONNRESET) { break }
            guard got > 0 else { throw Failure(what: "no answer: errno \(errno)") }
            filled += got
        }
        return Array(bytes.prefix(filled))
    }

    /// Closes the sending half.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes with a RST.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        // The descriptor itself stays taken until `deinit` closes it.
        let null = unsafe open("/dev/null", O_RDONLY)
        dup2(null, descriptor)
        close(null)
    }

    /// Imports a device; its record, or the refusal.
    func importDevice(_ name: String) throws -> OperationReply {
        guard let busID = BusID(name) else { throw Failure(what: "\(name) is no bus id") }
        send(OperationRequest.importDevice(busID).bytes)
        let header = try receive(8)
        let rest = header.last == 0 ? try receive(312) : []
        guard let reply = try OperationReply.parse((header + rest).raw)?.reply else {
            throw Failure(what: "no reply but \(header)")
        }
        return reply
    }

    /// A control request, its reply's status and data.
    func control(
        _ number: UInt32, _ deviceID: UInt32, _ command: SubmitCommand, _ data: [UInt8] = []
    ) throws -> (status: LinuxStatus, data: [UInt8]) {
        var command = command
        command.sequenceNumber = number
        command.deviceID = deviceID
        send(TransferCommand.submit(command).bytes + data)
        return try reply(to: number, isIn: command.direction == .in)
    }

    /// The next 48 bytes.
    func header() throws -> TransferReply? {
        let bytes = try receive(48)
        return try TransferReply.parse(bytes.raw)
    }

    /// The next reply, which must be that to `number`.
    func reply(to number: UInt32, isIn: Bool) throws -> (status: LinuxStatus, data: [UInt8]) {
        let header = try receive(48)
        guard case .submit(let reply) = try TransferReply.parse(header.raw),
            reply.sequenceNumber == number
        else { throw Failure(what: "no reply to \(number) but \(header)") }
        return (reply.status, isIn ? try receive(Int(reply.actualLength)) : [])
    }
}
