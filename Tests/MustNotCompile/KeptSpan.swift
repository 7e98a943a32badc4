// lifetime-dependent value escapes|non-Escapable
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    private var last: RawSpan?  // must not compile
}
