// no member 'unlock'
// VF-11, VF-57: who has taken a lock lets it go, by leaving
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    private let lock = Lock()
    func work() {
        lock.withLock {}
        lock.unlock()  // must not compile
    }
}
