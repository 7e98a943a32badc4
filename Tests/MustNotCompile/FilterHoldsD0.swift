// inaccessible|internal|has no member
// DEV-3, VF-50: a filter cannot keep its device from idling: its function driver alone does
import DriverFoundation

actor Filter: FilterDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let level: DeviceLevel
    private var hold: PowerReference?
    init(level: DeviceLevel) async throws(DeviceError) { self.level = level }

    func work() { hold = level.device.stopIdling(for: "a filter") }  // must not compile
}

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    private var hold: PowerReference?
    init(device: Device) async throws(DeviceError) { self.device = device }

    func work() { hold = stopIdling(for: "the driver") }
}
