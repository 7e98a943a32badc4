// no member 'release'
// VF-45: no reference is let go that was not taken
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func letGo(_ queue: RequestQueue) {
        queue.release()  // must not compile
        _ = queue.count
    }
}
