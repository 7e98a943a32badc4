import Glibc
import Testing
import USBBus

@testable import LibUSBBus

/// A folder like a device's in sysfs.
@Suite struct RuntimePowerTests {
    private let root: String
    private let power: RuntimePower

    init() {
        var template = Array("/tmp/power-XXXXXX".utf8CString)
        root = unsafe String(cString: mkdtemp(&template))
        unsafe mkdir(root + "/1-1", 0o700)
        unsafe mkdir(root + "/1-1/power", 0o700)
        power = RuntimePower(of: SysfsDevice(name: "1-1", root: root))
    }

    private func set(_ name: String, _ text: String, mode: mode_t = 0o600) {
        let descriptor = unsafe open(
            "\(root)/1-1/power/\(name)", O_WRONLY | O_CREAT | O_TRUNC, mode)
        _ = unsafe write(descriptor, text, text.utf8.count)
        close(descriptor)
    }

    private func remove() {
        for name in ["control", "autosuspend_delay_ms", "runtime_status"] {
            unsafe unlink("\(root)/1-1/power/\(name)")
        }
        for folder in ["/1-1/power", "/1-1", ""] { unsafe rmdir(root + folder) }
    }

    @Test("U-17, WAKE-7: the kernel is told to let a device sleep, and then what it was told")
    func allowsAndRestores() {
        defer { remove() }
        set("control", "on\n")
        set("autosuspend_delay_ms", "2000\n")
        let found = RuntimePower.Settings(control: "on", delay: 2000)
        #expect(power.settings == found)
        #expect(power.allow(found) == 0)
        #expect(power.settings?.control.hasPrefix("auto") == true)
        set("control", "auto")
        set("autosuspend_delay_ms", "0")
        power.restore(found)
        #expect(SystemFile.text("\(root)/1-1/power/control")?.hasPrefix("on") == true)
        #expect(power.settings?.delay == 2000)
    }

    @Test("U-17: a device that left, or a kernel without power management, has no settings")
    func absent() {
        defer { remove() }
        #expect(power.settings == nil)
        #expect(power.allow(.init(control: "on", delay: 0)) == ENOENT)
        #expect(!power.isSuspended)
    }

    @Test("U-17: a refusal says which file it is and which rule of udev would help")
    func remedies() {
        defer { remove() }
        let denied = power.accessError(vendor: 0x1209, product: 0x7004, native: EACCES)
        #expect(denied.code == .accessDenied)
        #expect(denied.message.contains(root + "/1-1/power/control"))
        #expect(denied.message.contains("ATTR{idVendor}==\"1209\""))
        #expect(denied.message.contains("ATTR{power/control}=\"auto\""))
        #expect(power.forbiddenError.message.contains("autosuspend_delay_ms"))
    }
}
