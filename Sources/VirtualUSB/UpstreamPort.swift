public import DriverRuntime
public import USBBus
public import USBTypes

/// The host-facing side of one plugged virtual device (its upstream facing port, USB 2.0 §4.1.2.1):
/// what the in-process bus and the USB/IP server talk to.
///
/// Whatever a host submits, the device side does not trap: an unknown endpoint, a wrong direction
/// or an isochronous endpoint ends as `failed`, a request the device does not know as `stalled`.
///
/// Threading: on the loop, unless a member says otherwise.
public final class UpstreamPort: Sendable {
    /// The loop on which the device and its transfers live.
    public let loop: EventLoop
    /// What the device says it is.
    public let description: DeviceDescription
    private let port: DevicePort

    /// Makes a device and connects it, in its default state: address 0, unconfigured.
    ///
    /// Threading: any. Cancellation: none.
    /// - Parameters:
    ///   - name: What reports call the device's scope.
    ///   - faults: What is to go wrong with it.
    ///   - device: Makes the device for its port.
    /// - Throws: `DescriptionError` for a description that breaks a rule, unless it says that it is
    ///   not to be checked.
    public static func connect<Device: VirtualDevice>(
        on loop: EventLoop, name: String, faults: FaultPlan = FaultPlan(),
        _ device: (DevicePort) -> Device
    ) async throws(DescriptionError) -> UpstreamPort {
        let port = DevicePort(on: loop, name: name)
        let device = device(port)
        let description = device.description
        try description.check()
        await loop.perform { port.core.value.begin(device, description, faults) }
        return UpstreamPort(port, description)
    }

    private init(_ port: DevicePort, _ description: DeviceDescription) {
        loop = port.scope.loop
        self.port = port
        self.description = description
    }

    var core: PortCore { port.core.value }

    // MARK: Transfers

    /// Hands a transfer to the device. Its `finish` is called later, never from inside.
    public func submit(_ transfer: HostTransfer) { core.submit(transfer) }

    /// Takes a transfer back, in one atomic step.
    ///
    /// - Returns: `true` if it was taken back: `finish` will not be called, no bytes were moved
    ///   (what an IN had been given goes to the next one), and it may be submitted again. `false`
    ///   if its end was decided before: `finish` was called or will be.
    public func withdraw(_ transfer: HostTransfer) -> Bool { core.withdraw(transfer) }

    /// Takes a transfer back and reports that as its end: `finish` is called, never from inside, as
    /// `cancelled` or with what was decided before.
    public func cancel(_ transfer: HostTransfer) {
        if core.withdraw(transfer) { core.commit(transfer, .cancelled, length: 0) }
    }

    /// Puts the device back into its default state: address 0, unconfigured, halts cleared; pending
    /// transfers end as `failed`. The device is told before it sees another request.
    public func busReset() { core.busReset() }

    // MARK: State

    /// The value of the configuration in force, `nil` for none.
    public var configuration: UInt8? { core.configuration?.value }

    /// The alternate setting of an interface, `nil` if the configuration has no such interface.
    public func alternateSetting(of interface: UInt8) -> UInt8? {
        core.alternateSetting(of: interface)
    }

    /// The endpoint's type, `nil` if the active settings do not have it; number and direction
    /// count.
    public func transferType(of endpoint: EndpointAddress) -> TransferType? {
        guard let found = core.endpoint(endpoint), found.isActive else { return nil }
        return found.type
    }

    /// The interface that has the endpoint in its active setting, `nil` for none.
    public func interface(of endpoint: EndpointAddress) -> UInt8? {
        guard endpoint.number != 0, let found = core.endpoint(endpoint), found.isActive else {
            return nil
        }
        return found.interface
    }

    /// Whether the active settings have the endpoint and it is isochronous, which virtual devices
    /// do not move data on yet: a transfer there ends as `failed`.
    public func isIsochronous(_ endpoint: EndpointAddress) -> Bool {
        transferType(of: endpoint) == .isochronous
    }

    /// Whether the device was unplugged: what is submitted ends as `deviceGone`.
    public var isGone: Bool { core.isGone }

    // MARK: Suspend

    /// The host lets the device sleep: `resumed` is called once, on the loop, if the device signals
    /// resume (USB 2.0 §7.1.7.7).
    public func suspend(_ resumed: @escaping @Sendable () -> Void) { core.onResume = resumed }

    /// Whether the host lets the device sleep, and the device has not signalled since.
    public var isSuspended: Bool { core.onResume != nil }

    /// The host has the device awake again; whether the device may signal resume.
    @discardableResult
    public func resume() -> Bool {
        core.onResume = nil
        return core.isRemoteWakeupEnabled
    }

    // MARK: Unplug

    /// Takes the device off its host; nothing if it is off already.
    ///
    /// The port itself ends what is pending, as `kind` says: before, after, or not at all relative
    /// to the call of the handler given to ``onUnplug(_:)``.
    public func unplug(pending kind: UnplugKind) { core.unplug(kind) }

    /// Calls `handler` once when the device leaves, whoever caused it; on the loop, in no scope,
    /// never from inside the call that caused it. One handler; another replaces it.
    public func onUnplug(_ handler: @escaping @Sendable (UnplugKind) -> Void) {
        core.onUnplug = handler
    }

    /// Sends one request and waits for its end. For OUT, `data` is sent; for IN it is ignored.
    ///
    /// A device that does not answer within `limit` is given up: the request ends as `cancelled`.
    /// By default that is what a host allows any request (USB 2.0 §9.2.6.1). After the loop's end
    /// it ends as `deviceGone`.
    ///
    /// Threading: any. Cancellation: none.
    public func control(
        _ setup: SetupPacket, _ data: [UInt8] = [], within limit: Duration = .seconds(5)
    ) async -> (status: TransferStatus, bytes: [UInt8]) {
        await loop.wait(ifEnded: (.deviceGone, [])) { [self] resumption in
            let exchange = ControlExchange(setup, data, resumption)
            exchange.end(after: limit, on: self)
            submit(exchange)
        }
    }
}
