// inaccessible|internal
// OBJ-1, VF-7: a driver does not reach into the framework's objects
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func peek() {
        _ = device.state  // must not compile
    }
}
