package import USBBus

/// What the kernel's power management has been told of a device: the `power` folder of its folder
/// in sysfs.
package struct RuntimePower: Sendable, Hashable {
    private let folder: String

    package init(of device: SysfsDevice) { folder = device.path + "/power" }

    /// What this program changes, as it was found.
    package struct Settings: Sendable, Hashable {
        /// `on`: the kernel keeps the device awake. `auto`: it lets it sleep when nothing needs it.
        package var control: String
        /// For how many milliseconds nothing must have needed it; negative: forever.
        package var delay: Int

        package init(control: String, delay: Int) {
            self.control = control
            self.delay = delay
        }
    }

    /// What it has been told; `nil` for a kernel without power management, or a device that left.
    package var settings: Settings? {
        guard let control = SystemFile.text(folder + "/control") else { return nil }
        return Settings(
            control: control, delay: SystemFile.number(folder + "/autosuspend_delay_ms") ?? 0)
    }

    /// Whether the device sleeps.
    package var isSuspended: Bool { SystemFile.text(folder + "/runtime_status") == "suspended" }

    /// For how many milliseconds it has slept in all.
    package var sleepTime: Int { SystemFile.number(folder + "/runtime_suspended_time") ?? 0 }

    /// Lets it sleep; 0 or an errno. The time for which nothing needed it has passed already, so
    /// the kernel's own is left out where this program may say so.
    package func allow(_ found: Settings) -> Int32 {
        if found.control != "auto" {
            let code = SystemFile.write("auto", to: folder + "/control")
            guard code == 0 else { return code }
        }
        if found.delay > 0 { _ = SystemFile.write("0", to: folder + "/autosuspend_delay_ms") }
        return 0
    }

    /// Puts things back as they were found.
    package func restore(_ found: Settings) {
        guard let settings, settings != found else { return }
        if settings.control != found.control {
            _ = SystemFile.write(found.control, to: folder + "/control")
        }
        if settings.delay != found.delay {
            _ = SystemFile.write("\(found.delay)", to: folder + "/autosuspend_delay_ms")
        }
    }

    /// Why it may not be changed, and what would let it.
    package func accessError(vendor: UInt16, product: UInt16, native: Int32) -> BusError {
        BusError(
            .accessDenied,
            "The kernel keeps the device awake, and this program may not let it sleep:"
                + " \(folder)/control says \"on\" and cannot be written (error \(native)). To have"
                + " it say \"auto\", put this line into"
                + " /etc/udev/rules.d/70-driver-foundation.rules: ACTION==\"add\","
                + " SUBSYSTEM==\"usb\", ATTR{idVendor}==\"\(AccessDiagnosis.hexadecimal(vendor))\","
                + " ATTR{idProduct}==\"\(AccessDiagnosis.hexadecimal(product))\","
                + " ATTR{power/control}=\"auto\" — then run `udevadm control --reload` and plug the"
                + " device in again.",
            native: native)
    }

    /// The error for a delay that is negative.
    package var forbiddenError: BusError {
        BusError(
            .unsupported,
            "The administrator lets no such device sleep: \(folder)/autosuspend_delay_ms is"
                + " negative. Write a time into it, or leave out usbcore.autosuspend=-1.")
    }
}
