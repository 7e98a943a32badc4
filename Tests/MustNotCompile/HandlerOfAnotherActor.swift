// actor-isolated|isolat
// S-5, VF-15: a driver's state is reached from its own scope alone
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
