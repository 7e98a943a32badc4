// invalid conversion from 'async' function
// U-18, VF-54: a reader is not stopped within its failure handler
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    private var reader: ContinuousReader?
    func read(_ pipe: USBPipe) throws(DeviceError) {
        reader = try pipe.continuousReader(
            for: self,
            failed: { driver, error in
                await driver.reader?.stop()  // must not compile
                return .stop
            }, { driver, bytes in })
    }
}
