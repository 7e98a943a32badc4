import DriverRuntime
import Foundation
import USBBus

/// A system with one USB bus of our own, and a process that watches it.
final class HotplugBench {
    let folder: SystemFolder
    private let loop: EventLoop
    private var watching: WatcherProcess?
    private var events: UInt64 = 0
    private var lastAddress: UInt8 = 1
    /// How many devices the watcher has seen; identities are counted so.
    private(set) var seen: UInt64 = 0

    init() throws {
        folder = try SystemFolder()
        loop = EventLoop(name: "device", waiter: PollWaiter())
        loop.start()
    }

    /// The watcher; it is started when it is needed first.
    func watcher() throws -> WatcherProcess {
        if let watching { return watching }
        let watcher = try startWatching()
        try watcher.expect("started")
        return watcher
    }

    /// Starts the watcher, which has not said anything yet.
    func startWatching() throws -> WatcherProcess {
        let watcher = try WatcherProcess(in: folder)
        watching = watcher
        return watcher
    }

    /// A device that the kernel has enumerated, which nobody was told of. Without an address it
    /// gets the next one, as from a kernel.
    func enumerate(port: UInt8 = 1, address: UInt8? = nil) async throws -> PluggedDevice {
        lastAddress = address ?? (lastAddress == 127 ? 2 : lastAddress + 1)
        return try await PluggedDevice(
            at: DeviceLocation(bus: 1, address: lastAddress, ports: [port]), in: folder, on: loop)
    }

    func announce(_ action: DeviceEvent.Action, _ device: PluggedDevice) throws {
        events += 1
        try DeviceEvent(action, device.expected.location, number: events).send(in: folder)
    }

    /// Announces a device before the kernel has configured it, which it has after so many looks.
    func announceEarly(_ device: PluggedDevice, configuredAfter looks: Int) throws {
        try folder.announceUnconfigured(device.expected)
        try announce(.add, device)
        try folder.configure(device.expected, after: looks)
    }

    /// The identity that the next device must get.
    func see() -> UInt64 {
        seen += 1
        return seen
    }

    /// Plugs a device in, which the watcher must see arrive, by an identity that no other had.
    func plug(port: UInt8 = 1, address: UInt8? = nil) async throws -> (PluggedDevice, UInt64) {
        let watcher = try watcher()
        let device = try await enumerate(port: port, address: address)
        try announce(.add, device)
        try watcher.expect(Watcher.arrival(device.expected, as: see()))
        return (device, seen)
    }

    /// Unplugs a device, which the watcher must see depart.
    func unplug(_ device: PluggedDevice, _ id: UInt64) async throws {
        try await device.unplug()
        try announce(.remove, device)
        try watcher().expect(Watcher.departure(id))
    }

    /// The watcher must have no more to say, and stop.
    func finish() throws {
        try watching?.stop()
        watching = nil
    }

    func clear() {
        watching?.kill()
        loop.stop()
        folder.remove()
    }
}
