// 'let' constant|is a 'let'|get-only
// VF-48: what is decided when an object is made stays
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func change(_ queue: RequestQueue) {
        queue.dispatch = .manual  // must not compile
        _ = queue.count
    }
}
