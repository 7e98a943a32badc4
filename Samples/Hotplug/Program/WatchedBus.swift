import DriverFoundation

/// A bus whose events somebody else hears first, as the bus reports them.
final class WatchedBus: USBBus {
    private let bus: any USBBus
    private let watch: @Sendable (BusEvent, Instant) -> Void

    init(_ bus: any USBBus, watch: @escaping @Sendable (BusEvent, Instant) -> Void) {
        self.bus = bus
        self.watch = watch
    }

    var loop: EventLoop { bus.loop }
    var name: String { bus.name }

    func start(_ observer: @escaping @Sendable (BusEvent) -> Void) async throws(BusError) {
        try await bus.start { [watch, loop] event in
            watch(event, loop.now)
            observer(event)
        }
    }

    func rescan() async { await bus.rescan() }
    func open(_ id: AttachmentID) async throws(BusError) -> any BusDevice { try await bus.open(id) }
    func stop() async { await bus.stop() }
}
