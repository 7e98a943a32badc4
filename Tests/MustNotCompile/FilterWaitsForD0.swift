// inaccessible|internal|has no member
// DEV-3, VF-50: a filter cannot bring its device to D0 and wait for it
import DriverFoundation

actor Filter: FilterDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let level: DeviceLevel
    init(level: DeviceLevel) async throws(DeviceError) { self.level = level }

    func work() async throws(DeviceError) {
        try await level.device.withD0 {}  // must not compile
    }
}

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func work() async throws(DeviceError) {
        try await withD0 { () throws(DeviceError) in }
    }
}
