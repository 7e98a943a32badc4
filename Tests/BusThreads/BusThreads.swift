import DriverRuntime
import Glibc

/// The threads of this process that a bus may have started: its own two, and libusb's for hotplug.
/// Those of the concurrency runtime come and go as they like.
package enum BusThreads {
    /// The names of those that are there.
    package static var present: [String] {
        guard let directory = opendir("/proc/self/task") else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let task = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            let name = firstLine(of: "/proc/self/task/\(task)/comm")
            if ["usb loop", "usb calls", "libusb_event"].contains(name) { names.append(name) }
        }
        return names
    }

    /// Whether all are gone, once the bus has stopped and joined them: Linux takes a thread off its
    /// list a moment after it has let those go on who waited for its end.
    package static func areGone(within limit: Duration = .seconds(2)) -> Bool {
        let end = Instant.monotonic.advanced(by: limit)
        while !present.isEmpty {
            guard Instant.monotonic < end else { return false }
            sched_yield()
        }
        return true
    }

    private static func firstLine(of path: String) -> String {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(file, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)).prefix { $0 > 31 }, as: UTF8.self)
    }
}
