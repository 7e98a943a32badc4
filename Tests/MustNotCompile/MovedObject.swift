// get-only|setter is inaccessible
// OBJ-12, VF-43: an object has the parent that it was made below
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }

    func move(_ object: DriverObject, below other: DriverObject) {
        object.parent = other  // must not compile
    }
}
