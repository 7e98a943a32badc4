// extra argument
// VF-56: a reader's memory has no other owner
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func read(_ pipe: USBPipe) throws(DeviceError) {
        _ = try pipe.continuousReader(
            for: self,
            parent: device,  // must not compile
            { driver, bytes in })
    }
}
