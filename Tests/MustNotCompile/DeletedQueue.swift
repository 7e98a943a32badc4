// no member 'delete'
// VF-7, VF-36: nobody deletes what the framework owns
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func tearDown(_ queue: RequestQueue) {
        queue.delete()  // must not compile
        _ = queue.count
    }
}
