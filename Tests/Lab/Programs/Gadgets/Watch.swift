import DriverRuntime
import Glibc
import USBBus

/// Waits for the comings and goings of one kind of device.
final class Watch: Sendable {
    private let vendor: UInt16
    private let product: UInt16
    private let events: AsyncStream<BusEvent>
    private let continuation: AsyncStream<BusEvent>.Continuation

    init(vendor: UInt16, product: UInt16) {
        self.vendor = vendor
        self.product = product
        (events, continuation) = AsyncStream.makeStream()
    }

    func note(_ event: BusEvent) {
        if case .discoveryUnavailable(let text) = event { print(text) }
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

/// What a process has.
enum Census {
    static var threads: Int { names("/proc/self/task") }

    static func settles(at count: Int) -> Bool {
        // A detached thread's last instructions cannot be waited for.
        for _ in 0..<200 where threads > count { usleep(5_000) }
        return threads <= count
    }

    private static func names(_ path: String) -> Int {
        guard let directory = opendir(path) else { return 0 }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return count - 2
    }
}
