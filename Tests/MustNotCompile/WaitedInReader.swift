// async.* call|cannot pass function of type|does not support concurrency
// U-18, VF-31: a reader's handler does not wait
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func read(_ pipe: USBPipe) throws(DeviceError) {
        _ = try pipe.continuousReader(for: self) { driver, bytes in
            await driver.device.clock.wait(for: .seconds(1))  // must not compile
        }
    }
}
