// noncopyable|captured|consumed
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
