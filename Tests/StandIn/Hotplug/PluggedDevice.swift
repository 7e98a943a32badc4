import ConformanceDevice
import DriverRuntime
import Foundation
import LibUSBBus
import USBBus
import USBTypes
import VirtualUSB

/// A virtual device that another process finds in its system.
final class PluggedDevice: Sendable {
    /// What a bus must report, but for the identity that it gives.
    let expected: AttachedDevice
    private let port: UpstreamPort
    private let node: TerminalNode
    private let folder: SystemFolder
    private let server: NodeServer
    private let connections: Connections

    /// The connections there ever were.
    private final class Connections: @unchecked Sendable {
        let lock = Lock()
        // Guarded by `lock`.
        var all: [NodeConnection] = []
    }

    /// Enumerates the device at `location`, as a kernel does before it tells anybody.
    init(at location: DeviceLocation, in folder: SystemFolder, on loop: EventLoop) async throws {
        let port = try await UpstreamPort.connect(on: loop, name: "hotplug") {
            ConformanceDevice(port: $0)
        }
        let description = port.description
        let value = description.configurations[0].value
        _ = await port.control(.setConfiguration(value))
        func text(_ index: UInt8) -> String? {
            index == 0 ? nil : description.strings[Int(index) - 1]
        }
        let strings = DeviceStrings(
            manufacturer: text(description.device.manufacturerIndex),
            product: text(description.device.productIndex),
            serialNumber: text(description.device.serialNumberIndex))
        expected = AttachedDevice(
            id: AttachmentID(rawValue: 0), speed: description.speed,
            descriptor: description.device, configurations: description.configurations,
            activeConfiguration: value, location: location, strings: strings)
        self.port = port
        self.folder = folder
        let node = try TerminalNode()
        let connections = Connections()
        server = try NodeServer(path: folder.socket(of: location)) { socket in
            let connection = NodeConnection(socket, to: port, node: node)
            connections.lock.withLock { connections.all.append(connection) }
            connection.serve()
        }
        self.node = node
        self.connections = connections
        try folder.add(expected, terminal: node.name)
    }

    /// Everything but the event. `kind` says what the kernel does about what is pending.
    func unplug(_ kind: UnplugKind = .endWithError) async throws {
        await Resumption.wait { resumption in
            port.loop.execute { [self] in
                port.onUnplug { _ in resumption.resume() }
                port.unplug(pending: kind)
            }
        }
        for connection in connections.lock.withLock({ connections.all }) { connection.disconnect() }
        try folder.remove(expected.location)
        node.hangUp()
    }
}
