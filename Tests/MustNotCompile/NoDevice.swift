// 'nil' is not compatible|'nil' cannot
// VF-4: what is required cannot be nothing
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func again() async throws {
        _ = try await Driver(device: nil)  // must not compile
    }
}
