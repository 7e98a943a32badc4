internal import Glibc

/// One TCP socket that never blocks. All system calls of the server are in this file.
///
/// Its errors are errno values: what is worth a sentence is given one where it is caught.
struct StreamSocket: Sendable {
    /// A system call's failure.
    struct Failure: Error {
        let code: Int32
        /// What the system says of it.
        var text: String { unsafe String(cString: strerror(code)) }
        var isAddressInUse: Bool { code == EADDRINUSE }
        var isNotPermitted: Bool { code == EACCES }
    }

    /// What a read or a write came to.
    enum Outcome {
        case moved(Int)
        /// It would have to wait.
        case wouldBlock
        /// The peer has closed its half; of a read only.
        case end
        case failed(Int32)
    }

    let descriptor: Int32

    // MARK: Listening

    /// Listens on an address; `nil` where the text is none.
    static func listen(on address: String, port: UInt16) throws(Failure) -> StreamSocket? {
        if var storage = ipv4(address, port: port) {
            return try listen(family: AF_INET) { socket in
                unsafe withUnsafePointer(to: &storage) { pointer in
                    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        unsafe bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                    }
                }
            }
        }
        guard var storage = ipv6(address, port: port) else { return nil }
        return try listen(family: AF_INET6) { socket in
            unsafe withUnsafePointer(to: &storage) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
    }

    private static func listen(
        family: Int32, _ bind: (Int32) -> Int32
    ) throws(Failure) -> StreamSocket {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        let made = StreamSocket(descriptor: descriptor)
        // Or a server could not start again while old connections fade.
        made.set(SOL_SOCKET, SO_REUSEADDR, 1)
        guard bind(descriptor) == 0, Glibc.listen(descriptor, 64) == 0 else {
            let code = errno
            made.close()
            throw Failure(code: code)
        }
        return made
    }

    private static func ipv4(_ address: String, port: UInt16) -> sockaddr_in? {
        var storage = sockaddr_in()
        storage.sin_family = sa_family_t(AF_INET)
        storage.sin_port = port.bigEndian
        return unsafe inet_pton(AF_INET, address, &storage.sin_addr) == 1 ? storage : nil
    }

    private static func ipv6(_ address: String, port: UInt16) -> sockaddr_in6? {
        var storage = sockaddr_in6()
        storage.sin6_family = sa_family_t(AF_INET6)
        storage.sin6_port = port.bigEndian
        return unsafe inet_pton(AF_INET6, address, &storage.sin6_addr) == 1 ? storage : nil
    }

    /// The port it is bound to.
    var localPort: UInt16 { unsafe portAndAddress(of: getsockname).port }

    /// The next connection, `nil` when none waits or it has gone already; and whether the process
    /// or the system has no descriptors left.
    func accept() -> (socket: StreamSocket?, isExhausted: Bool) {
        let descriptor = Glibc.accept(self.descriptor, nil, nil)
        guard descriptor < 0 else {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            return (StreamSocket(descriptor: descriptor), false)
        }
        return (nil, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno))
    }

    // MARK: Connections

    /// Makes it send at once, and notice within `silence` that its peer has vanished.
    func tune(silence: Duration) {
        let milliseconds = max(3000, silence.components.seconds * 1000)
        set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        set(SOL_SOCKET, SO_KEEPALIVE, 1)
        // A third of the time without a word, then four questions.
        set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, Int32(clamping: milliseconds / 3000))
        set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, Int32(clamping: max(1, milliseconds / 6000)))
        set(Int32(IPPROTO_TCP), TCP_KEEPCNT, 4)
        set(Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, Int32(clamping: milliseconds))
    }

    /// The peer's address for people.
    var peer: String {
        let (address, port) = unsafe portAndAddress(of: getpeername)
        return address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count > 0 { return .moved(count) }
        return count == 0 ? .end : Self.outcome(of: errno)
    }

    func write(_ bytes: RawSpan) -> Outcome {
        unsafe bytes.withUnsafeBytes { buffer in
            let count = unsafe send(
                descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
            return count >= 0 ? .moved(count) : Self.outcome(of: errno)
        }
    }

    func close() { Glibc.close(descriptor) }

    private static func outcome(of code: Int32) -> Outcome {
        code == EAGAIN || code == EWOULDBLOCK || code == EINTR ? .wouldBlock : .failed(code)
    }

    // Options improve a connection; one that a system lacks does not spoil it.
    private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        _ = unsafe setsockopt(
            descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private func portAndAddress(
        of call: (Int32, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?) -> Int32
    ) -> (address: String, port: UInt16) {
        // An IPv6 address has room for either kind; the port stands at the same place.
        var storage = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let code = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe call(descriptor, $0, &length)
            }
        }
        guard code == 0 else { return ("?", 0) }
        let family = Int32(storage.sin6_family)
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let isText = unsafe withUnsafePointer(to: &storage) { pointer in
            // `sin_addr` stands 4 bytes in, `sin6_addr` 8.
            let address = unsafe UnsafeRawPointer(pointer) + (family == AF_INET ? 4 : 8)
            return unsafe inet_ntop(family, address, &text, socklen_t(text.count)) != nil
        }
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let address = isText ? String(decoding: bytes, as: UTF8.self) : "?"
        return (address, UInt16(bigEndian: storage.sin6_port))
    }
}
