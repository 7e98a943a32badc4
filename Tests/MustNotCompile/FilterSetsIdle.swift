// inaccessible|internal|has no member
// DEV-3, VF-13: a filter cannot say when its device sleeps: its function driver alone does
import DriverFoundation

actor Filter: FilterDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let level: DeviceLevel
    init(level: DeviceLevel) async throws(DeviceError) {
        self.level = level
        level.device.idle(after: .seconds(1))  // must not compile
    }
}

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) {
        self.device = device
        idle(after: .seconds(1))
    }
}
