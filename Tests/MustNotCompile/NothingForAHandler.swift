// 'nil' (is not compatible|cannot be used|requires)|nil.*cannot
// VF-4: what is required is given
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func setUp(_ request: consuming Request) {
        request.forward(to: nil)  // must not compile
    }
}
