import Foundation
import USBBus
import USBTypes
import VirtualUSB

/// The folder that the preloaded library shows its process as `/sys`, and as what there is under
/// `/dev/bus/usb`.
struct SystemFolder: Sendable {
    let path: String
    private static let controller = "/devices/pci0000:00/0000:00:14.0/usb1"

    init() throws {
        var template = Array("/tmp/stand-in.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw HotplugFailure("no folder in /tmp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        for folder in [
            "/sys/bus/usb/devices", "/sys/class", "/sys" + Self.controller, "/dev/bus/usb/001",
            "/ioctl/dev/bus/usb/001",
        ] {
            try FileManager.default.createDirectory(
                atPath: path + folder, withIntermediateDirectories: true)
        }
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// Where the preloaded library asks what a call on the node shall do.
    func socket(of location: DeviceLocation) -> String { path + "/ioctl" + Self.node(location) }

    /// `DEVPATH`.
    static func devicePath(_ location: DeviceLocation) -> String {
        "\(controller)/\(location)"
    }

    /// `DEVNAME`.
    static func node(_ location: DeviceLocation) -> String {
        "/dev/bus/usb/" + padded(location.bus) + "/" + padded(location.address)
    }

    private static func padded(_ number: UInt8) -> String {
        String(repeating: "0", count: max(0, 3 - String(number).count)) + String(number)
    }

    /// The files of a device that has been enumerated and configured. Its node is `terminal`.
    func add(_ device: AttachedDevice, terminal: String) throws {
        let location = device.location
        let folder = path + "/sys" + Self.devicePath(location)
        let files = FileManager.default
        try files.createDirectory(atPath: folder, withIntermediateDirectories: false)
        var attributes = [
            "busnum": "\(location.bus)", "devnum": "\(location.address)",
            "speed": device.speed == .super ? "5000" : "480",
            "bConfigurationValue": device.activeConfiguration.map { "\($0)" } ?? "",
        ]
        attributes["manufacturer"] = device.strings.manufacturer
        attributes["product"] = device.strings.product
        attributes["serial"] = device.strings.serialNumber
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            try write(Array("\(value)\n".utf8), to: "\(folder)/\(name)")
        }
        let bytes = device.configurations.reduce(device.descriptor.bytes) { $0 + $1.bytes }
        try write(bytes, to: folder + "/descriptors")
        let properties = [
            "MAJOR=189", "MINOR=\(location.address - 1)",
            "DEVNAME=\(Self.node(location).dropFirst("/dev/".count))", "DEVTYPE=usb_device",
            "BUSNUM=" + Self.padded(location.bus), "DEVNUM=" + Self.padded(location.address),
        ]
        try write(Array((properties.joined(separator: "\n") + "\n").utf8), to: folder + "/uevent")
        try files.createSymbolicLink(
            atPath: folder + "/subsystem", withDestinationPath: "../../../../../bus/usb")
        try files.createSymbolicLink(
            atPath: path + Self.node(location), withDestinationPath: terminal)
        try files.createSymbolicLink(
            atPath: path + "/sys/bus/usb/devices/\(location)",
            withDestinationPath: "../../.." + Self.devicePath(location))
    }

    /// The device is not configured yet, and whoever asks waits for the answer.
    func announceUnconfigured(_ device: AttachedDevice) throws {
        let file = configurationFile(device)
        guard rename(file, file + ".set") == 0, mkfifo(file, 0o644) == 0 else {
            throw HotplugFailure("cannot make \(file): \(errno)")
        }
    }

    /// Answers `looks` times that it is not, and has it configured then.
    func configure(_ device: AttachedDevice, after looks: Int) throws {
        let file = configurationFile(device)
        for look in 1...looks {
            // Returns when somebody opens it to read.
            let descriptor = open(file, O_WRONLY | O_CLOEXEC)
            defer { close(descriptor) }
            // The next look finds another file, so that each reads what is meant for it.
            let next = file + (look == looks ? ".set" : ".next")
            guard descriptor >= 0, look == looks || mkfifo(next, 0o644) == 0,
                rename(next, file) == 0, Foundation.write(descriptor, "\n", 1) == 1
            else { throw HotplugFailure("cannot configure at \(file): \(errno)") }
        }
    }

    private func configurationFile(_ device: AttachedDevice) -> String {
        path + "/sys" + Self.devicePath(device.location) + "/bConfigurationValue"
    }

    /// Takes the device's files away, as the kernel does before it says so.
    func remove(_ location: DeviceLocation) throws {
        for name in [
            "/sys/bus/usb/devices/\(location)", Self.node(location),
            "/sys" + Self.devicePath(location),
        ] {
            try FileManager.default.removeItem(atPath: path + name)
        }
    }

    private func write(_ bytes: [UInt8], to file: String) throws {
        // Foundation waits for the disk each time.
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        defer { close(descriptor) }
        guard descriptor >= 0, Foundation.write(descriptor, bytes, bytes.count) == bytes.count
        else {
            throw HotplugFailure("cannot write \(file): \(errno)")
        }
    }
}

/// What went wrong.
struct HotplugFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
