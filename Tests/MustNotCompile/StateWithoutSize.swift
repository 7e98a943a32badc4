// cannot assign value of type
// VF-44: a context is of its type, and so of its size
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    struct Context { var number: Int }
    private var context = Context(number: 0)
    func change() {
        context = 7  // must not compile
    }
}
