import DriverFoundation

/// The least driver of a toaster on a bus: takes slices, gives toast.
package actor SimpleToaster: FunctionDriver {
    package static let matches: [DeviceMatch] = [.hardwareID(DeviceIdentity.toasterID)]

    package nonisolated let device: Device

    package init(device: Device) async throws(DeviceError) {
        self.device = device
        device.register(.busToaster)
        device.queue(
            .sequential, for: self, read: { $0.read($1) }, write: { $0.write($1) },
            deviceControl: { $1.fail(.invalidRequest) })
    }

    private func read(_ request: consuming Request) {
        let toast = [UInt8](repeating: 0xFF, count: request.outputCapacity)
        request.complete(with: toast)
    }

    private func write(_ request: consuming Request) {
        let slices = request.input.byteCount
        request.complete(slices)
    }
}
