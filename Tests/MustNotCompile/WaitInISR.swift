// cannot pass function of type|invalid conversion from 'async' function
// S-4, I-1: an interrupt service routine cannot wait
import DriverFoundation

actor Driver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) {
        self.device = device
        try device.interruptSource(
            on: [0x83], for: self,
            isr: { _, bytes -> InterruptAnswer<Int> in
                await device.clock.wait(for: .seconds(1))  // must not compile
                return .queueDPC(bytes.byteCount)
            },
            dpc: { _, _ in })
    }
}
