// consumed more than once
// R-2, VF-17: a request is completed once
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func write(_ request: consuming Request) {
        request.complete()
        request.complete()  // must not compile
    }
}
