// consumed more than once
// SEED-17: a controller is given back once
import DriverFoundation

func use(_ controller: ControllerObject, _ device: Device) async throws(DeviceError) {
    let right = try await controller.allocate(for: device)
    right.free()
    right.free()  // must not compile
}
