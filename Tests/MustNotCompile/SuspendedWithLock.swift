// cannot pass function of type|async.* call|'await'
// VF-15: a callback cannot be left with a lock held
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    private let lock = Lock()
    func work() async {
        lock.withLock {
            await device.clock.wait(for: .seconds(1))  // must not compile
        }
    }
}
