import BusConformance
import CUsbfs
import ConformanceDevice
import DriverRuntime
import LibUSBBus
import USBBus
import VirtualUSB

/// The bus of real devices, real libusb under it, and nodes of our own under that.
final class StandInBench: ConformanceBench {
    private struct Place {
        var bus: LibUSBBus?
        var nodes: [NodeDevice] = []
    }

    let name = "stand-in"
    let deviceLoop: EventLoop
    let power = PowerFolder()
    private let lock = Lock()
    private nonisolated(unsafe) var place = Place()

    init() {
        deviceLoop = EventLoop(name: "device", waiter: PollWaiter())
        deviceLoop.start()
    }

    func makeBus() async throws(ConformanceFailure) -> any USBBus { makeLibUSBBus() }

    func makeLibUSBBus() -> LibUSBBus {
        let bus = LibUSBBus(
            source: .descriptors, calls: SystemLibUSB.shared, journal: .shared, sysfs: power.root)
        lock.withLock { place = Place(bus: bus) }
        return bus
    }

    /// The bus was stopped: closes the nodes that it had.
    func clear() async {
        let nodes = lock.withLock {
            defer { place = Place() }
            return place.nodes
        }
        for node in nodes {
            await node.unplug(.endWithError)
            // The unplug's handler runs after it, and must not find the next node in this one's
            // place.
            for _ in 0..<3 { await node.onLoop {} }
            node.destroy()
        }
    }

    func plug() async throws(ConformanceFailure) { _ = try await plugNode() }

    @discardableResult
    func plugNode() async throws(ConformanceFailure) -> NodeDevice {
        do {
            power.reset()
            let node = try await NodeDevice.plug(on: deviceLoop, power) {
                ConformanceDevice(port: $0)
            }
            let bus = lock.withLock {
                place.nodes.append(node)
                return place.bus
            }
            try await bus?.attach(node.descriptor)
            return node
        } catch {
            throw ConformanceFailure("\(error)")
        }
    }

    func unplug(_ kind: ConformanceUnplug) async throws(ConformanceFailure) {
        let node = lock.withLock { place.nodes.last }
        await node?.unplug(kind == .vanishing ? .vanish : .endWithError)
    }

    func inability(_ need: ConformanceNeed) -> String? {
        switch need {
        case .unplugEndingAfterDeparture, .unplugVanishing:
            "libusb ends the transfers of a node before it says that the node is gone"
        default: nil
        }
    }
}

extension NodeDevice {
    func unplug(_ kind: UnplugKind) async {
        await onLoop { [self] in port.unplug(pending: kind) }
    }
}
