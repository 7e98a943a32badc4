// cannot convert value of type 'Device'
// OBJ-1, GAP-10: an object of another kind is no argument
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func pass(_ request: consuming Request) {
        request.forward(to: device)  // must not compile
    }
}
