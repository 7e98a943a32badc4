internal import DriverRuntime
public import USBBus
internal import USBTypes

/// A virtual device in a port of a ``VirtualBus``: what a test's hand holds.
///
/// Threading: any. Calls must not overlap, as with one hand.
public final class PluggedDevice: Sendable {
    private let bus: VirtualBus
    private let port: UInt8?
    private let state: LoopConfined<Attachment?>
    private let connect: @Sendable (EventLoop) async -> Result<UpstreamPort, DescriptionError>

    init<Device: VirtualDevice>(
        on bus: VirtualBus, port: UInt8?, faults: FaultPlan,
        _ device: @escaping @Sendable (DevicePort) -> Device
    ) {
        self.bus = bus
        self.port = port
        state = LoopConfined(on: bus.loop, nil)
        connect = { loop in
            do throws(DescriptionError) {
                return .success(
                    try await UpstreamPort.connect(
                        on: loop, name: "virtual device", faults: faults, device))
            } catch {
                return .failure(error)
            }
        }
    }

    /// Takes the device out. Returns when the departure was reported; nothing if it is out already.
    ///
    /// - Parameter kind: What becomes of the transfers in flight.
    public func unplug(pending kind: UnplugKind = .endWithError) async {
        await bus.loop.wait(ifEnded: ()) { [self] resumption in
            guard let attachment = state.value.take(), !attachment.isDeparted else {
                return resumption.resume()
            }
            attachment.departure = resumption
            attachment.upstream.unplug(pending: kind)
        }
    }

    /// Takes the device out, if it is in, and plugs a new one into the same port: another
    /// attachment.
    ///
    /// Returns when the arrival was reported. A device that leaves while it is being configured, or
    /// whose bus has ended, is out again and never arrived.
    public func replug() async throws(DescriptionError) {
        await unplug()
        let upstream = try await connect(bus.loop).get()
        // What an operating system does with a new device (USB 2.0 §9.1.2).
        let value = upstream.description.configurations.first?.value
        var configuration: UInt8?
        if let value, await upstream.control(.setConfiguration(value)).status == .completed {
            configuration = value
        }
        await bus.loop.perform { [self, configuration] in
            state.value = bus.attach(upstream, port: port, configuration: configuration)
        }
    }

    /// Which stay on the bus this is, `nil` while it is out.
    public var id: AttachmentID? {
        get async { await bus.loop.perform { [self] in state.value?.id } ?? nil }
    }
}
