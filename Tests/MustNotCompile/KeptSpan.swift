// lifetime-dependent value escapes|non-Escapable
// R-5, VF-20: lent bytes cannot be kept beyond the request
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    private var last: RawSpan?  // must not compile
}
