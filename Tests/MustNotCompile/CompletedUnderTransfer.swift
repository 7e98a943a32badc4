// consumed|captured|exclusive
// R-4, VF-20: a request is not completed while a transfer moves its bytes
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func write(_ request: consuming Request, to pipe: USBPipe) async throws {
        async let count = pipe.write(request.input, for: request)  // must not compile
        request.complete()
        _ = try await count  // must not compile
    }
}
