// no member 'rescanAll'
// VF-16: a call that there is not does not compile
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func ask() {
        device.rescanAll()  // must not compile
    }
}
