// cannot convert value of type
// OBJ-1, VF-5: an object of another kind is refused
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func setUp(_ pipe: USBPipe, _ request: consuming Request) {
        request.forward(to: pipe)  // must not compile
    }
}
