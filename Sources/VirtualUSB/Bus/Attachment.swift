internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// One stay of a virtual device on a ``VirtualBus``, on its loop.
final class Attachment: @unchecked Sendable {
    // Sendable because its bus touches the variable part on the loop alone.
    let upstream: UpstreamPort
    let id: AttachmentID
    let port: UInt8
    let attached: AttachedDevice
    var isOpen = false
    /// Whether the departure was reported.
    private(set) var isDeparted = false
    /// Who waits for that.
    var departure: Resumption<Void>?

    init(
        _ upstream: UpstreamPort, id: AttachmentID, port: UInt8, address: UInt8,
        configuration: UInt8?
    ) {
        let description = upstream.description
        self.upstream = upstream
        self.id = id
        self.port = port
        attached = AttachedDevice(
            id: id, speed: description.speed, descriptor: description.device,
            configurations: description.configurations, activeConfiguration: configuration,
            location: DeviceLocation(bus: 1, address: address, ports: [port]),
            strings: DeviceStrings(
                manufacturer: description.string(description.device.manufacturerIndex),
                product: description.string(description.device.productIndex),
                serialNumber: description.string(description.device.serialNumberIndex)))
    }

    func departed() {
        isDeparted = true
        departure.take()?.resume()
    }
}
