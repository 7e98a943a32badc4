// lifetime-dependent value escapes|non-Escapable
// R-4, VF-20: a request's bytes are lent, not kept
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    private var last: RawSpan?  // must not compile
}
