// [Ss]endable
// S-5, VF-7: what two tasks share can be shared
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
