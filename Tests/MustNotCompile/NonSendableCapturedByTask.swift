// [Ss]endable
// GAP-12: what is not safe to share cannot be shared with a task
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func start(_ box: Box) {
        device.task {
            box.number += 1  // must not compile
        }
    }
}

final class Box {
    var number = 0
}
