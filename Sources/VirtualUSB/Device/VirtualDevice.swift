public import USBTypes

/// A USB device written in Swift: an actor that answers what a host asks.
///
/// The port gives the actor its executor, so all handlers run in one scope on the loop of the bus
/// it is plugged into. Every endpoint has a worker of its own, so a handler that waits holds up its
/// endpoint alone: the host sees NAKs there. No handler is mandatory.
///
/// Threading: all handlers in the port's scope. Actors re-enter at `await`: handlers of different
/// endpoints may overlap there.
/// Cancellation: the tasks that run the handlers are cancelled when the device is unplugged.
public protocol VirtualDevice: Actor {
    /// What it was made with.
    nonisolated var port: DevicePort { get }

    /// What it says it is. Read once, when it is plugged in.
    nonisolated var description: DeviceDescription { get }

    /// An OUT transfer's bytes, lent until the handler returns. The host has been told that they
    /// were taken; its next transfer to this endpoint waits until the handler has returned.
    ///
    /// A zero-length packet behind whole packets is given as bytes of its own, empty ones.
    func received(_ bytes: RawSpan, on endpoint: EndpointAddress) async

    /// A class or vendor request. One at a time. Refused by default.
    func control(_ setup: SetupPacket, _ data: inout ControlData) async throws(Stall)

    /// A standard request, before the framework answers it.
    ///
    /// - Returns: whether it has been answered. By default nothing is, and the framework answers.
    func standardRequest(
        _ setup: SetupPacket, _ data: inout ControlData
    ) async throws(Stall) -> Bool

    /// The host asks for up to `length` bytes on an IN endpoint and nothing is ready: the moment to
    /// ``DevicePort/send(_:on:endsTransfer:)`` something.
    ///
    /// Called once for each transfer that finds nothing. A device that never answers here is not
    /// asked at any cost: the default tells the port to stop asking.
    func transmit(upTo length: Int, on endpoint: EndpointAddress) async

    /// The host selected a configuration, 0 for none. The host waits until the handler returns, so
    /// what takes long belongs into ``DevicePort/task(_:)``.
    func configured(_ value: UInt8) async

    /// The host selected an alternate setting; it waits as for ``configured(_:)``.
    func interfaceSelected(_ interface: UInt8, _ setting: UInt8) async

    /// The host reset the bus: the device is back in its default state.
    func reset() async

    /// The device has left its bus. Nothing is called after it.
    func unplugged() async
}

extension VirtualDevice {
    /// The port's scope.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe port.scope.asUnownedSerialExecutor()
    }

    /// Bytes are taken and forgotten.
    public func received(_ bytes: RawSpan, on endpoint: EndpointAddress) async {}

    /// Every class and vendor request is refused.
    public func control(_ setup: SetupPacket, _ data: inout ControlData) async throws(Stall) {
        throw Stall()
    }

    /// The framework answers.
    public func standardRequest(
        _ setup: SetupPacket, _ data: inout ControlData
    ) async throws(Stall) -> Bool { false }

    /// The endpoint stays silent until something is sent.
    public func transmit(upTo length: Int, on endpoint: EndpointAddress) async {
        port.stopAsking(on: endpoint)
    }

    /// Nothing.
    public func configured(_ value: UInt8) async {}

    /// Nothing.
    public func interfaceSelected(_ interface: UInt8, _ setting: UInt8) async {}

    /// Nothing.
    public func reset() async {}

    /// Nothing.
    public func unplugged() async {}
}
