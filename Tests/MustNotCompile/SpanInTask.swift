// lifetime-dependent|non-Escapable|nonescapable|capture
// VF-22: lent bytes cannot be taken into a task
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func received(_ bytes: RawSpan) {
        device.task { print(bytes.byteCount) }  // must not compile
    }
}
