internal import DriverRuntime
internal import Glibc

/// The devices that this process holds open, for the moment in which it must go.
final class OpenDevices: @unchecked Sendable {
    private static let shared = OpenDevices()
    private let lock = Lock()
    // Guarded by `lock`.
    private var devices: [LibUSBDevice] = []

    static func add(_ device: LibUSBDevice) {
        shared.lock.withLock { shared.devices.append(device) }
    }

    static func remove(_ device: LibUSBDevice) {
        shared.lock.withLock { shared.devices.removeAll { $0 === device } }
    }

    /// Releases every claimed interface of every device, on the side threads, and waits until they
    /// are released, for `milliseconds` at most.
    static func releaseAll(milliseconds: Int32) {
        let devices = shared.lock.withLock { shared.devices }
        var ends = InlineArray<2, Int32>(repeating: -1)
        var span = ends.mutableSpan
        guard
            unsafe span.withUnsafeMutableBufferPointer({ unsafe pipe($0.baseAddress) })
                == 0
        else { return }
        let (reader, writer) = (ends[0], ends[1])
        for device in devices {
            device.bus.side.perform {
                _ = device.suspension.end()
                device.releaseAll(isGone: false)
                var byte: UInt8 = 0
                _ = unsafe write(writer, &byte, 1)
            }
        }
        // The pipe is left open: a late side thread may still write to it.
        for _ in devices {
            var entry = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&entry, 1, milliseconds) == 1 else { return }
            var byte: UInt8 = 0
            _ = unsafe read(reader, &byte, 1)
        }
    }
}

extension LibUSBBus {
    /// Gives every interface that this process has claimed back, to its kernel driver if it was
    /// taken from one, and leaves the devices' power settings as they were found. For the end of a
    /// process that cannot close its devices in order; they are of no more use after it.
    ///
    /// Threading: any but a bus's loop; blocks until done, two seconds at most.
    /// Source: L21, U-17.
    public static func releaseAll() { OpenDevices.releaseAll(milliseconds: 2_000) }
}
