// actor-isolated
// GAP-5: a cancel handler that runs elsewhere cannot touch the driver's state
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
