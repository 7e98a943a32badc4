// invalid conversion from 'async' function
// VF-31: what may not wait cannot send and wait: neither a cancel handler nor a reader's
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func write(_ request: consuming Request) async {
        let target = device.selfTarget
        let cancelled: @Sendable () -> Void = {
            _ = await target.send(ClientRequest(.read))  // must not compile
            _ = target.kind
        }
        request.onCancel(cancelled)
        request.complete()
    }
}
