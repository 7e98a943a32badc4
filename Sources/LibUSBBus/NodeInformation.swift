internal import Glibc

extension DevicePlace {
    /// Where the device of an open node is plugged in, as the kernel says (since Linux 5.2); `nil`
    /// when it does not. Any thread; nothing is sent.
    package init?(node descriptor: Int32) {
        // struct usbdevfs_conninfo_ex: size, busnum, devnum, speed of 4 bytes each, then the number
        // of ports and room for seven. The C header's macro for the request is not imported.
        let size = 24
        let request = 2 << 30 | UInt(size) << 16 | UInt(UInt8(ascii: "U")) << 8 | 32
        var bytes = [UInt8](repeating: 0, count: size)
        guard unsafe ioctl(descriptor, request, &bytes) >= 0 else { return nil }
        let count = min(Int(bytes[16]), 7)
        self.init(bus: bytes[4], address: bytes[8], ports: Array(bytes[17..<17 + count]))
    }
}
