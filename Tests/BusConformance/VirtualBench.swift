import BusConformance
import ConformanceDevice
import DriverRuntime
import USBBus
import VirtualUSB

/// The in-process bus under the conformance cases: on a loop given, or on one of its own.
final class VirtualBench: ConformanceBench {
    private struct Place {
        var bus: VirtualBus?
        var plugged: PluggedDevice?
    }

    let name: String
    let settling = Duration.milliseconds(2)
    private let loop: EventLoop?
    private let lock = Lock()
    private nonisolated(unsafe) var place = Place()

    init(on loop: EventLoop? = nil) {
        self.loop = loop
        name = loop == nil ? "virtual bus" : "virtual bus, simulated"
    }

    func makeBus() async throws(ConformanceFailure) -> any USBBus {
        let bus = loop.map { VirtualBus(on: $0) } ?? VirtualBus()
        lock.withLock { unsafe place = Place(bus: bus) }
        return bus
    }

    func plug() async throws(ConformanceFailure) {
        let (bus, plugged) = lock.withLock { unsafe (place.bus, place.plugged) }
        do throws(DescriptionError) {
            if let plugged { return try await plugged.replug() }
            let new = try await bus?.plug { ConformanceDevice(port: $0) }
            lock.withLock { unsafe place.plugged = new }
        } catch {
            throw ConformanceFailure("\(error)")
        }
    }

    func unplug(_ kind: ConformanceUnplug) async throws(ConformanceFailure) {
        let plugged = lock.withLock { unsafe place.plugged }
        let pending: UnplugKind =
            switch kind {
            case .any, .endingWithError: .endWithError
            case .endingAfterDeparture: .endAfterDeparture
            case .vanishing: .vanish
            }
        await plugged?.unplug(pending: pending)
    }
}
