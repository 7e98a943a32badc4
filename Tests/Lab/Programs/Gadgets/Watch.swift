import DriverRuntime
import Glibc
import USBBus

/// Waits for the comings and goings of one kind of device.
final class Watch: Sendable {
    private let vendor: UInt16
    private let product: UInt16
    private let events: AsyncStream<BusEvent>
    private let continuation: AsyncStream<BusEvent>.Continuation

    init(_ identity: (vendor: UInt16, product: UInt16)) {
        (vendor, product) = identity
        (events, continuation) = AsyncStream.makeStream()
    }

    func note(_ event: BusEvent) {
        continuation.yield(event)
    }

    func arrival() async -> AttachedDevice {
        for await event in events {
            if case .arrived(let device) = event, device.descriptor.vendorID == vendor,
                device.descriptor.productID == product
            {
                return device
            }
        }
        preconditionFailure("the events ended")
    }

    func departure(of id: AttachmentID) async {
        for await event in events {
            if case .departed(let other) = event, other == id { return }
        }
    }
}

/// The threads that a bus may start: its own two, and libusb's for hotplug. Those of the
/// concurrency runtime come and go as they like.
enum Census {
    static var threads: [String] {
        guard let directory = opendir("/proc/self/task") else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let task = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            let name = comm("/proc/self/task/\(task)/comm")
            if ["usb loop", "usb calls", "libusb_event"].contains(name) { names.append(name) }
        }
        return names
    }

    /// Waits until none is left: a detached thread's last instructions cannot be waited for.
    static func settles() -> Bool {
        for _ in 0..<200 where !threads.isEmpty { usleep(5_000) }
        return threads.isEmpty
    }

    private static func comm(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = read(descriptor, &bytes, 16)
        return String(decoding: bytes.prefix(max(count - 1, 0)), as: UTF8.self)
    }
}

/// Prints a line now, whatever the output is.
func say(_ line: String) {
    print(line)
    fflush(nil)
}
