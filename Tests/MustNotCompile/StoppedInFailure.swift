// invalid conversion from 'async' function
// VF-54: a reader cannot be stopped, and waited for, within its own failure handler
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    private var reader: ContinuousReader?
    init(device: Device) async throws(DeviceError) { self.device = device }

    func prepareHardware() async throws(DeviceError) {
        let failed: @Sendable (isolated Driver, DeviceError) -> ReaderRecovery = { driver, _ in
            await driver.reader?.stop()  // must not compile
            return .stop
        }
        reader = try await device.pipe(0x81).continuousReader(for: self, failed: failed) { _, _ in }
    }
}
