internal import DriverRuntime
internal import Glibc

/// Which interfaces were taken from kernel drivers, on disk, so that a process that was killed
/// leaves word: the next one gives them back (L21).
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

    /// The one of this process, in the user's runtime folder or the machine's.
    package static let shared = KernelDriverJournal(folder: defaultFolder())

    private static let prefix = "driver-foundation-detached."
    private let folder: String
    private let path: String
    private let lock = Lock()
    // Guarded by `lock`.
    private var notes: [Note] = []
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
        lock.withLock {
            notes.append(note)
            if descriptor < 0 {
                descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
                if descriptor >= 0 { flock(descriptor, LOCK_EX | LOCK_NB) }
            }
            rewrite()
        }
    }

    /// Notes that an interface was given back; without any left the file goes. Any thread.
    package func remove(_ note: Note) {
        lock.withLock {
            if let index = notes.firstIndex(of: note) { notes.remove(at: index) }
            rewrite()
            guard notes.isEmpty, descriptor >= 0 else { return }
            unsafe unlink(path)
            close(descriptor)
            descriptor = -1
        }
    }

    private func rewrite() {
        guard descriptor >= 0 else { return }
        let text = Array(notes.map(\.line).joined().utf8)
        ftruncate(descriptor, 0)
        _ = unsafe pwrite(descriptor, text, text.count, 0)
    }

    /// Takes what processes that are no more have left, and removes their files.
    package func takeAbandoned() -> [Note] {
        var abandoned: [Note] = []
        for name in SystemFile.names(in: folder) where name.hasPrefix(Self.prefix) {
            let other = folder + "/" + name
            guard other != path else { continue }
            let descriptor = unsafe open(other, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { continue }
            let text = String(
                decoding: SystemFile.bytes(descriptor, limit: 65_536), as: UTF8.self)
            abandoned += text.split(separator: "\n").compactMap { Note(line: $0) }
            unsafe unlink(other)
        }
        return abandoned
    }
}
