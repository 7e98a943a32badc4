// used after consume|consumed here
// Q-11, VF-18: a forwarded request is no longer the driver's
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func write(_ request: consuming Request, to queue: RequestQueue) {
        request.forward(to: queue)
        request.onCancel {}  // must not compile
    }
}
