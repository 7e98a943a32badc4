// no member 'pending'
// VF-32: what is no end does not end a request
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func write(_ request: consuming Request) {
        request.fail(.pending)  // must not compile
    }
}
