internal import DriverRuntime
internal import Glibc

/// Which interfaces were taken from kernel drivers, and which devices' power settings were changed,
/// on disk, so that a process that was killed leaves word: the next one puts it right (L21, U-17).
///
/// One file for each process, in a folder that does not survive a restart of the machine. The
/// process holds a lock on its file; a file that can be locked belongs to nobody any more.
package final class KernelDriverJournal: @unchecked Sendable {
    /// An interface that was taken from its driver.
    package struct Note: Hashable, Sendable {
        /// The device's folder in sysfs.
        package var device: String
        package var vendor: UInt16
        package var product: UInt16
        package var interface: UInt8
        package var driver: String

        package init(
            device: String, vendor: UInt16, product: UInt16, interface: UInt8, driver: String
        ) {
            self.device = device
            self.vendor = vendor
            self.product = product
            self.interface = interface
            self.driver = driver
        }

        /// One line of the file.
        package var line: String { "\(device) \(vendor) \(product) \(interface) \(driver)\n" }

        /// Reads a line; `nil` for one that is none.
        package init?(line: Substring) {
            let fields = line.split(separator: " ", maxSplits: 4)
            guard fields.count == 5, let vendor = UInt16(fields[1]),
                let product = UInt16(fields[2]), let interface = UInt8(fields[3])
            else { return nil }
            self.init(
                device: String(fields[0]), vendor: vendor, product: product, interface: interface,
                driver: String(fields[4]))
        }
    }

    /// A device whose power settings were changed.
    package struct PowerNote: Hashable, Sendable {
        /// The device's folder in sysfs.
        package var device: String
        package var vendor: UInt16
        package var product: UInt16
        /// As they were found.
        package var settings: RuntimePower.Settings

        package init(
            device: String, vendor: UInt16, product: UInt16, settings: RuntimePower.Settings
        ) {
            self.device = device
            self.vendor = vendor
            self.product = product
            self.settings = settings
        }

        /// One line of the file.
        package var line: String {
            "power \(device) \(vendor) \(product) \(settings.control) \(settings.delay)\n"
        }

        /// Reads a line; `nil` for one that is none.
        package init?(line: Substring) {
            let fields = line.split(separator: " ")
            guard fields.count == 6, fields[0] == "power", let vendor = UInt16(fields[2]),
                let product = UInt16(fields[3]), let delay = Int(fields[5])
            else { return nil }
            self.init(
                device: String(fields[1]), vendor: vendor, product: product,
                settings: .init(control: String(fields[4]), delay: delay))
        }
    }

    /// What processes that are no more have left.
    package struct Abandoned: Hashable, Sendable {
        package var drivers: [Note] = []
        package var power: [PowerNote] = []
    }

    /// The one of this process, in the user's runtime folder or the machine's.
    package static let shared = KernelDriverJournal(folder: defaultFolder())

    private static let prefix = "driver-foundation-detached."
    private let folder: String
    private let path: String
    private let lock = Lock()
    // Guarded by `lock`.
    private var notes = Abandoned()
    private var descriptor: Int32 = -1

    package init(folder: String, process: Int32 = getpid()) {
        self.folder = folder
        path = "\(folder)/\(Self.prefix)\(process)"
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private static func defaultFolder() -> String {
        guard let folder = unsafe getenv("XDG_RUNTIME_DIR") else { return "/run" }
        return unsafe String(cString: folder)
    }

    /// Notes that an interface is being taken. Any thread. Where nothing can be written, nothing
    /// is.
    package func add(_ note: Note) {
        change { $0.drivers.append(note) }
    }

    /// Notes that power settings are being changed. Any thread.
    package func add(_ note: PowerNote) { change { $0.power.append(note) } }

    /// Notes that they are as they were. Any thread.
    package func remove(_ note: PowerNote) { change { $0.power.removeFirst(note) } }

    private func change(_ body: (inout Abandoned) -> Void) {
        lock.withLock {
            body(&notes)
            if descriptor < 0, notes != Abandoned() {
                descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
                if descriptor >= 0 { flock(descriptor, LOCK_EX | LOCK_NB) }
            }
            rewrite()
            guard notes == Abandoned(), descriptor >= 0 else { return }
            unsafe unlink(path)
            close(descriptor)
            descriptor = -1
        }
    }

    /// Notes that an interface was given back; without any left the file goes. Any thread.
    package func remove(_ note: Note) {
        change { $0.drivers.removeFirst(note) }
    }

    private func rewrite() {
        guard descriptor >= 0 else { return }
        let lines = notes.drivers.map(\.line) + notes.power.map(\.line)
        let text = Array(lines.joined().utf8)
        ftruncate(descriptor, 0)
        _ = unsafe pwrite(descriptor, text, text.count, 0)
    }

    /// Takes what processes that are no more have left, and removes their files.
    package func takeAbandoned() -> Abandoned {
        var abandoned = Abandoned()
        for name in SystemFile.names(in: folder) where name.hasPrefix(Self.prefix) {
            let other = folder + "/" + name
            guard other != path else { continue }
            let descriptor = unsafe open(other, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { continue }
            let text = String(
                decoding: SystemFile.bytes(descriptor, limit: 65_536), as: UTF8.self)
            let lines = text.split(separator: "\n")
            abandoned.drivers += lines.compactMap { Note(line: $0) }
            abandoned.power += lines.compactMap { PowerNote(line: $0) }
            unsafe unlink(other)
        }
        return abandoned
    }
}

extension Array where Element: Equatable {
    fileprivate mutating func removeFirst(_ element: Element) {
        if let index = firstIndex(of: element) { remove(at: index) }
    }
}
