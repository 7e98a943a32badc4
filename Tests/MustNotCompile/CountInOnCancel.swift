// actor-isolated
// R-7, VF-23: a cancel handler reaches the driver's state on its scope alone
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    private var count = 0
    func write(_ request: consuming Request) {
        request.onCancel {
            self.count += 1  // must not compile
        }
        request.complete()
    }
}
