// no member 'cancel'
// VF-30: a request is cancelled by its client, not by its driver
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func write(_ request: consuming Request) {
        request.cancel()  // must not compile
        request.complete()
    }
}
