public import DriverRuntime
public import USBTypes

/// A virtual device's own side of its connection: where it runs, what time it is, and how it sends.
///
/// Made by whatever the device is plugged into and handed to the device's initialiser. A port
/// serves one stay: a replug makes a new port and a new device.
///
/// Threading: any thread, unless a member says otherwise; cheapest from the device's own code.
public final class DevicePort: Sendable {
    /// Where the device's code runs.
    public let scope: Scope
    /// The time on the bus's loop, virtual under a simulation.
    public let clock: LoopClock
    let core: LoopConfined<PortCore>

    init(on loop: EventLoop, name: String) {
        scope = Scope(on: loop, name: name)
        clock = LoopClock(loop)
        let core = PortCore(loop)
        self.core = LoopConfined(on: loop, core)
        // Nobody else knows the port yet, so this may happen on any thread.
        core.port = self
    }

    /// Starts a task in the device's scope that is cancelled when the device is unplugged.
    ///
    /// A bare `Task` would resume on other threads.
    public func task(_ body: @escaping @Sendable () async -> Void) {
        scope.loop.onLoop { [self] in core.value.start(body) }
    }

    /// Sends a message on an IN endpoint, behind those that wait there already.
    ///
    /// The message goes out in packets and into as many of the host's transfers as it needs. Its
    /// end is a short packet: one is added, of zero length, if the message consists of whole
    /// packets and the host has asked for more. A message that fills the host's transfer exactly
    /// ends with it. To send a zero-length packet alone, send no bytes. A message that does not fit
    /// a transfer whose length is no whole number of packets overflows it and is lost with it (USB
    /// 2.0 §8.5.2, babble).
    ///
    /// Returns once the host has taken the bytes: then the host's pace is the device's. Bytes
    /// that a cancelled transfer had already taken go to the host's next one.
    ///
    /// - Parameters:
    ///   - bytes: Lent until the call returns, not copied.
    ///   - endsTransfer: Off to send a part: the next message goes on in the same packet.
    /// - Returns: `false` if the message was not sent: the endpoint is not part of the active
    ///   setting, was reset while the message waited, has ``messageLimit`` messages waiting, or the
    ///   device is unplugged.
    ///
    /// Cancellation: none; a message waits until it is taken or its endpoint is reset.
    @discardableResult
    public func send(
        _ bytes: RawSpan, on endpoint: EndpointAddress, endsTransfer: Bool = true
    ) async -> Bool {
        guard scope.loop.isOnLoop else {
            let copy = bytes.copy()
            return await scope.value { [self] in
                await send(copy, on: endpoint, endsTransfer: endsTransfer)
            }
        }
        let end = core.value.input(endpoint)
        // The span is borrowed until this function returns, which it does after the endpoint has
        // let go of the pointer: that is what allows the pointer to outlive the closure.
        let lent = unsafe bytes.withUnsafeBytes { unsafe $0 }
        return await Resumption.wait { resumption in
            guard let end else { return resumption.resume(returning: false) }
            unsafe end.send(lent, endsTransfer: endsTransfer, resumption)
        }
    }

    /// Sends a message; see ``send(_:on:endsTransfer:)-(RawSpan,_,_)``.
    @discardableResult
    public func send(
        _ bytes: [UInt8], on endpoint: EndpointAddress, endsTransfer: Bool = true
    ) async -> Bool {
        await send(unsafe bytes.span.bytes, on: endpoint, endsTransfer: endsTransfer)
    }

    /// How many messages may wait on one endpoint.
    public static let messageLimit = 256

    /// Does not call ``VirtualDevice/transmit(upTo:on:)`` for this endpoint until it is configured
    /// anew.
    public func stopAsking(on endpoint: EndpointAddress) {
        scope.loop.onLoop { [self] in core.value.input(endpoint)?.stopAsking() }
    }

    /// Halts an endpoint: the host's transfers there end as stalled, the waiting ones and those to
    /// come, until the host or ``clearHalt(_:)`` clears the halt.
    public func stall(_ endpoint: EndpointAddress) {
        scope.loop.onLoop { [self] in core.value.endpoint(endpoint)?.halt() }
    }

    /// Ends an endpoint's halt from the device's side.
    public func clearHalt(_ endpoint: EndpointAddress) {
        scope.loop.onLoop { [self] in core.value.endpoint(endpoint)?.clearHalt() }
    }

    /// Wakes the host that lets the device sleep (remote wake-up, USB 2.0 §7.1.7.7).
    ///
    /// - Returns: `false` if the host does not let it sleep now, has not enabled remote wake-up, or
    ///   is gone.
    @discardableResult
    public func signalResume() async -> Bool {
        await scope.loop.perform { [self] in
            guard !core.value.isGone, core.value.isRemoteWakeupEnabled,
                let resumed = core.value.onResume.take()
            else { return false }
            resumed()
            return true
        } ?? false
    }

    /// Leaves the bus by the device's own decision, as one does that comes back as something else.
    public func disconnect(pending kind: UnplugKind = .endWithError) {
        scope.loop.onLoop { [self] in core.value.unplug(kind) }
    }

    /// The value of the configuration in force, `nil` for none. In the device's scope only.
    public var configuration: UInt8? { core.value.configuration?.value }

    /// The alternate setting of an interface, `nil` if there is no such interface now. In the
    /// device's scope only.
    public func alternateSetting(of interface: UInt8) -> UInt8? {
        core.value.alternateSetting(of: interface)
    }
}

extension Scope {
    /// What `body` returns, run in this scope for a caller elsewhere.
    func value<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) async -> Result {
        await Resumption.wait { resumption in
            task { resumption.resume(returning: await body()) }
        }
    }
}
