// thrown expression type|cannot convert|DeviceError
// VF-46: a callback fails with a DeviceError and nothing else
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    struct Oops: Error {}
    func prepareHardware() async throws(DeviceError) {
        throw Oops()  // must not compile
    }
}
