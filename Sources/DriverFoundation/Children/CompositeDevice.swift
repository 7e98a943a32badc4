/// The driver of a USB device whose functions have drivers of their own (USB 3.2 §9.6.4): lists it
/// among a program's drivers, and each function is matched like a device.
///
/// It claims no interface itself; a function's driver claims those of the function. All share one
/// open device: closed when the last has given it back.
public actor CompositeDevice: FunctionDriver {
    /// Any device with several functions, unless a driver knows it by its id.
    public static let matches: [DeviceMatch] = [.composite]

    /// The device.
    public nonisolated let device: Device
    private var functions: ChildList<USBFunction, Void>?

    /// Makes the list of functions.
    public init(device: Device) async throws(DeviceError) {
        self.device = device
        functions = device.childList(
            of: USBFunction.self, for: self, scan: { $0.scan() },
            create: { driver, function in ChildDevice(function, of: driver.device) })
    }

    private func scan() {
        guard let functions, let configuration = device.configuration else { return }
        functions.beginScan()
        for function in USBFunction.all(in: configuration) { functions.add(function) }
        functions.endScan()
    }
}
