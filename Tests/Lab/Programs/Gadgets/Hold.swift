import LibUSBBus
import USBBus

/// Takes an interface from its kernel driver until a line comes in.
func hold(_ bus: LibUSBBus, _ watch: Watch) async throws(BusError) {
    let attached = await watch.arrival()
    let device = try await bus.open(attached.id)
    let driver = await device.kernelDriver(of: 0)
    do throws(BusError) {
        try await device.claim(0, detaching: false)
        say("LAB-FAILED interface 0 was free")
    } catch { say("refused: \(error)") }
    try await device.claim(0, detaching: true)
    say("LAB-HELD \(driver ?? "none")")
    _ = readLine()
    await device.close()
    say("LAB-RELEASED")
}
