import Foundation
import USBBus

/// What udevd tells everybody who listens: a device came or went.
///
/// It is one datagram: a header by which the kernel filters, numbers in network order where it
/// does, and the device's properties, each ended by a zero. The preloaded library makes each
/// listener's socket a file of the folder.
struct DeviceEvent {
    enum Action: String { case add, remove }

    private let bytes: [UInt8]

    init(_ action: Action, _ location: DeviceLocation, number: UInt64) {
        let properties = [
            "ACTION=\(action.rawValue)", "DEVPATH=" + SystemFolder.devicePath(location),
            "SUBSYSTEM=usb", "SEQNUM=\(number)", "DEVNAME=" + SystemFolder.node(location),
            "DEVTYPE=usb_device",
        ].flatMap { (text: String) -> [UInt8] in Array(text.utf8) + [0] }
        let size: UInt32 = 40
        var bytes = Array("libudev".utf8) + [0]
        // MurmurHash2 of "usb" and of "usb_device", and no tags.
        let words: [UInt32] = [
            UInt32(0xfeed_cafe).bigEndian, size, size, UInt32(properties.count),
            UInt32(0x0577_c5e5).bigEndian, UInt32(0x27f8_f50c).bigEndian, 0, 0,
        ]
        for word in words { withUnsafeBytes(of: word) { bytes += $0 } }
        self.bytes = bytes + properties
    }

    /// Sends it to every listener.
    func send(in folder: SystemFolder) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        for name in names where name.hasPrefix("event") { try send(to: folder.path + "/" + name) }
    }

    private func send(to path: String) throws {
        let socket = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(socket) }
        let count = LocalAddress(path).withSocketAddress { address, size in
            sendto(socket, bytes, bytes.count, 0, address, size)
        }
        // A listener's file outlives it.
        guard count == bytes.count || errno == ECONNREFUSED else {
            throw HotplugFailure("an event could not be sent to \(path): \(errno)")
        }
    }
}

/// A socket's address in the file system.
struct LocalAddress {
    private var address = sockaddr_un()

    init(_ path: String) {
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { field in
            precondition(path.utf8.count < field.count, "too long for a socket: \(path)")
            field.copyBytes(from: path.utf8)
        }
    }

    func withSocketAddress<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
