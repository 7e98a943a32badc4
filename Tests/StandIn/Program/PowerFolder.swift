import Glibc
import LibUSBBus

/// The kernel's power settings of the device behind a node: a folder like sysfs's, of one device.
struct PowerFolder: Sendable {
    /// What stands for `/sys/bus/usb/devices`.
    let root: String
    private var device: String { root + "/1-1" }

    init() {
        var name = Array("/tmp/stand-in.XXXXXX".utf8CString)
        precondition(mkdtemp(&name) != nil, "no folder for the power settings")
        root = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        mkdir(device, 0o700)
        mkdir(device + "/power", 0o700)
        // The place that each node says it has.
        set("1", "devnum")
        reset()
    }

    /// As a device is found.
    func reset() {
        self["control"] = "on"
        self["autosuspend_delay_ms"] = "2000"
        self["runtime_status"] = "active"
        self["runtime_suspended_time"] = "0"
    }

    /// It fell asleep; the kernel counts for how long.
    func fallAsleep() {
        self["runtime_suspended_time"] = String((Int(self["runtime_suspended_time"]) ?? 0) + 50)
        self["runtime_status"] = "suspended"
    }

    func remove() {
        for name in ["control", "autosuspend_delay_ms", "runtime_status", "runtime_suspended_time"]
        {
            unlink(device + "/power/" + name)
        }
        unlink(device + "/devnum")
        for folder in [device + "/power", device, root] { rmdir(folder) }
    }

    /// A setting's text.
    subscript(name: String) -> String {
        get { SystemFile.text(device + "/power/" + name) ?? "" }
        nonmutating set { set(newValue, "power/" + name) }
    }

    private func set(_ text: String, _ name: String) {
        let descriptor = open(device + "/" + name, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        precondition(descriptor >= 0, "no file for \(name)")
        let bytes = Array(text.utf8)
        _ = write(descriptor, bytes, bytes.count)
        close(descriptor)
    }
}
