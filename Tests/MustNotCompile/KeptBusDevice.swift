// Escapable|lifetime|noncopyable|escap
// CX-3: what a bus has lent of a device cannot be kept beyond the closure
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    private var kept: LentBusDevice?  // must not compile
    init(device: Device) async throws(DeviceError) { self.device = device }

    func prepareHardware() async throws(DeviceError) {
        try device.withBusDevice { bus in print(bus.library) }
    }
}
