// actor-isolated (property|instance method).* (from a|on a|cannot be|can not be)
// S-3, L-3: a timer's handler cannot touch an actor whose scope it is not in
import DriverFoundation

actor Other { var count = 0 }

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    private let other = Other()
    private var count = 0
    init(device: Device) async throws(DeviceError) {
        self.device = device
        try device.timer(for: self) { driver in
            driver.count += 1
            driver.other.count += 1  // must not compile
        }.start(after: .seconds(1))
    }
}
