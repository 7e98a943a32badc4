// no member 'delete'
// VF-40: a device is removed, not deleted
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func tearDown() async throws(DeviceError) {
        device.delete()  // must not compile
        try await device.remove()
    }
}
