// cannot be consumed|is borrowed and cannot be consumed
// R-2, VF-18: who only looks at a request cannot complete it
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func look(_ request: borrowing Request) {
        request.complete()  // must not compile
    }
}
