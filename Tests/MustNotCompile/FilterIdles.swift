// cannot find 'idle' in scope
// DEV-3, VF-13: what a function driver calls to let its device idle, a filter has not
import DriverFoundation

actor Filter: FilterDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let level: DeviceLevel
    init(level: DeviceLevel) async throws(DeviceError) {
        self.level = level
        idle(after: .seconds(1))  // must not compile
    }
}
