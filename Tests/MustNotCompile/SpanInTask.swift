// lifetime-dependent|non-Escapable|nonescapable|capture
// U-18, VF-20: a delivery's bytes are lent until the handler returns
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func received(_ bytes: RawSpan) {
        device.task { print(bytes.byteCount) }  // must not compile
    }
}
