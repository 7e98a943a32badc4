// has no member 'complete'
// VF-18: who found a request does not own it
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func end(_ queue: RequestQueue) {
        let found = queue.find { $0.kind == .write }
        _ = found
        found?.complete()  // must not compile
    }
}
