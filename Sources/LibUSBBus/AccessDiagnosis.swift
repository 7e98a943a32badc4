internal import Glibc
package import USBBus

/// Why this program may not open a device's node, and what would let it.
package struct AccessDiagnosis: Sendable {
    /// The node.
    package let node: String
    /// The owner's name, or number.
    package let owner: String
    /// The group's name, or number.
    package let group: String
    /// The permission bits.
    package let mode: UInt32

    /// Looks at `node`; `nil` when it is not there.
    package init?(node: String) {
        var status = stat()
        guard unsafe stat(node, &status) == 0 else { return nil }
        self.init(
            node: node, owner: Self.userName(status.st_uid), group: Self.groupName(status.st_gid),
            mode: status.st_mode & 0o7777)
    }

    package init(node: String, owner: String, group: String, mode: UInt32) {
        self.node = node
        self.owner = owner
        self.group = group
        self.mode = mode
    }

    /// The error that says so.
    package func error(vendor: UInt16, product: UInt16, native: Int32) -> BusError {
        let rule =
            "SUBSYSTEM==\"usb\", ATTR{idVendor}==\"\(Self.hexadecimal(vendor))\", "
            + "ATTR{idProduct}==\"\(Self.hexadecimal(product))\", MODE=\"0660\", TAG+=\"uaccess\""
        return BusError(
            .accessDenied,
            "Cannot open \(node): it belongs to \(owner):\(group) with mode 0"
                + String(mode, radix: 8)
                + " and this program runs as user \(Self.userName(geteuid()))."
                + " To let the user at the seat use it, put this line into"
                + " /etc/udev/rules.d/70-driver-foundation.rules: \(rule)"
                + " — then run `udevadm control --reload` and plug the device in again.",
            native: native)
    }

    package static func hexadecimal(_ number: UInt16) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }

    private static func userName(_ id: uid_t) -> String {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 4096)
        let code = unsafe getpwuid_r(id, &entry, &buffer, buffer.count, &found)
        guard code == 0, unsafe found != nil, let name = unsafe entry.pw_name else {
            return String(id)
        }
        return unsafe String(cString: name)
    }

    private static func groupName(_ id: gid_t) -> String {
        var entry = unsafe Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        let code = unsafe getgrgid_r(id, &entry, &buffer, buffer.count, &found)
        guard code == 0, unsafe found != nil, let name = unsafe entry.gr_name else {
            return String(id)
        }
        return unsafe String(cString: name)
    }
}
