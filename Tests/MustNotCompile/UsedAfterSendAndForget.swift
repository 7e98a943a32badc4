// used after consume|consumed here
// R-11, VF-29: a request that was sent and forgotten is no longer the driver's, and not awaited
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func write(_ request: consuming Request) async {
        request.sendAndForget(to: device.selfTarget)
        _ = await request.send(to: device.selfTarget)  // must not compile
    }
}
