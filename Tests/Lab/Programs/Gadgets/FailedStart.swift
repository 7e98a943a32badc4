import DriverFoundation
import LibUSBBus

/// A driver that takes the keyboard and then finds a reason not to start.
private actor Reluctant: FunctionDriver {
    static let matches: [DeviceMatch] = [.interface(.bootKeyboard)]

    nonisolated let device: Device

    init(device: Device) async throws(DeviceError) { self.device = device }

    func prepareHardware() async throws(DeviceError) {
        throw DeviceError(.failed, "This driver never starts.")
    }
}

/// Starts the driver on the device, and returns when its failed start has been undone (PNP-12).
func failToStart(_ vendor: UInt16, _ product: UInt16) async throws {
    let (ends, end) = AsyncStream<Void>.makeStream()
    var options = PlugAndPlay.Options()
    options.accepts = {
        $0.descriptor.vendorID == vendor && $0.descriptor.productID == product
    }
    options.observer = { _, step in
        say("step: \(step)")
        if step == .hardwareClosed { end.yield() }
    }
    let plugAndPlay = PlugAndPlay(on: LibUSBBus(), drivers: [Reluctant.self], options: options)
    try await plugAndPlay.start()
    for await _ in ends { break }
    say("LAB-FAILED-TO-START")
    _ = readLine()
    await plugAndPlay.stop()
}
