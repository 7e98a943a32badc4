// cannot convert return expression|unexpected non-void return|does not conform
// VF-46: a callback returns or throws, no more
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func enterD0(from previous: PowerState) async throws(DeviceError) {
        return false  // must not compile
    }
}
