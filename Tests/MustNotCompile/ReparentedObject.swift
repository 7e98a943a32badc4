// is a get-only property
// OBJ-2: an object cannot be given another parent
import DriverFoundation

func move(_ object: DriverObject, below other: DriverObject) throws(DeviceError) {
    _ = try other.child("new")
    object.parent = other  // must not compile
}
