// non-Sendable|escap|noncopyable
// CX-3: what a bus has lent of a device cannot be taken into a task, which may outlast it
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func prepareHardware() async throws(DeviceError) {
        try device.withBusDevice { bus in
            print(bus.library)
            device.task { print(bus.library) }  // must not compile
        }
    }
}
