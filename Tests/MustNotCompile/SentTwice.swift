// captured|consumed|noncopyable|escaping|copied|borrowed
// VF-27, VF-28: one transfer at a time runs on behalf of a request
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func write(_ request: consuming Request, to first: USBPipe, _ second: USBPipe) async throws {
        async let count = first.read(upTo: 1, for: request)  // must not compile
        _ = try await second.read(upTo: 1, for: request)
        _ = try await count  // must not compile
        request.complete()
    }
}
