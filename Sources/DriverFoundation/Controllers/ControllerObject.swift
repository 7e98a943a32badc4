/// Something that several devices share and one at a time may use: a bridge, a clock line, the
/// bandwidth of a hub (SEED-17; the founding texts' controller objects).
///
/// Who asks gets it in the order of asking. What a device was given is given back when its
/// ``ControllerAllocation`` goes; what it waits for ends when it departs.
///
/// All its devices are on one loop. Threading: that loop.
public final class ControllerObject: Sendable {
    /// What reports call it.
    public let name: String
    private let loop: EventLoop
    private let line: WaitingLine

    /// Makes a controller that nobody uses, for devices of `loop`. Any thread.
    public init(_ name: String, on loop: EventLoop) {
        self.name = name
        self.loop = loop
        line = WaitingLine(on: loop)
    }

    /// Whether some device has it.
    public var isAllocated: Bool { line.isTaken }

    /// How many wait for it.
    public var waiting: Int { line.count }

    /// Waits for the controller on behalf of `device`.
    ///
    /// `limit`: how long; `.zero` to get it now or not at all, without limit if `nil`.
    /// Cancellation: of the task, ends the wait with `.cancelled`.
    /// Errors: `.timedOut`, `.cancelled`, `.removed` when the device goes; `.invalidRequest` for a
    /// device of another loop.
    public func allocate(
        for device: Device, within limit: Duration? = nil
    ) async throws(DeviceError) -> ControllerAllocation {
        guard device.loop === loop else {
            throw DeviceError(
                .invalidRequest,
                "Controller \(name) and \(device.name) are on different loops: make one for each.")
        }
        try await line.enter(for: device, within: limit)
        return ControllerAllocation(self)
    }

    fileprivate func free() { loop.onLoop { [self] in line.leave() } }
}

/// The right to use a controller: it ends with the value, or with ``free()`` before.
public struct ControllerAllocation: ~Copyable, Sendable {
    /// The controller.
    public let controller: ControllerObject

    fileprivate init(_ controller: ControllerObject) { self.controller = controller }

    /// Gives the controller to the next who waits. Any thread.
    public consuming func free() {}

    deinit { controller.free() }
}
