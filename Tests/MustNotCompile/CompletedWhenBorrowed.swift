// cannot be consumed|is borrowed and cannot be consumed
// R-2, VF-18: only who owns a request completes it
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func look(_ request: borrowing Request) {
        request.complete()  // must not compile
    }
}
