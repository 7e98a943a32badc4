// missing reinitialization of closure capture|cannot be consumed when captured
// VF-59: no lock is held at a completion
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    private let lock = Lock()
    func write(_ request: consuming Request) {
        lock.withLock {
            request.complete()  // must not compile
        }
    }
}
