// noncopyable|captured|consumed
// R-2, VF-18: a request cannot be shared with a task
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func write(_ request: consuming Request) {
        device.task {
            request.complete()  // must not compile
        }
    }
}
