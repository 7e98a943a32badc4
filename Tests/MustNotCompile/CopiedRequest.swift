// consumed more than once|noncopyable
// R-2, VF-18, GAP-5: a request has one owner
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func write(_ request: consuming Request) {
        let first = request
        let second = request  // must not compile
        first.complete()
        second.complete()  // must not compile
    }
}
