// unused
// a request that a queue refused comes back, and cannot be overlooked
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func pass(_ request: consuming Request, to queue: RequestQueue, or other: RequestQueue) {
        if let back = request.offer(to: queue) { back.forward(to: other) }
    }

    func drop(_ request: consuming Request, to queue: RequestQueue) {
        request.offer(to: queue)  // must not compile
    }
}
