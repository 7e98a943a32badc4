// inaccessible|internal
// SEED-8: a device's own state is out of a driver's reach
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func peek() {
        _ = device.state  // must not compile
    }
}
