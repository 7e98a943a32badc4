// consumed more than once
// R-2, VF-17: a request that one branch has completed is gone after it
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func write(_ request: consuming Request, isBad: Bool) {
        if isBad { request.fail(.invalidRequest) }  // must not compile
        request.complete()
    }
}
