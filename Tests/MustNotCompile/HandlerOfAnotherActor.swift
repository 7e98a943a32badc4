// actor-isolated|isolat
// GAP-5: a driver cannot touch another driver's state
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    private var count = 0
    nonisolated func listen(to other: Other) async {
        await other.note(self)
        _ = count  // must not compile
    }
}

actor Other {
    func note(_ driver: Driver) {}
}
