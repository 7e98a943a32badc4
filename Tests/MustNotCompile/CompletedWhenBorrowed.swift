// cannot be consumed|is borrowed and cannot be consumed
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func look(_ request: borrowing Request) {
        request.complete()  // must not compile
    }
}
