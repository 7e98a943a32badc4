// used after consume|consumed here|consumed more than once
// R-5, VF-22: a request's bytes end with it
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func write(_ request: consuming Request) {
        print(request.input.byteCount)
        request.complete()
        print(request.input.byteCount)  // must not compile
    }
}
