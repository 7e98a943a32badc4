/// A source of interrupts, whatever it passes on: what the machines of a device enable and disable.
protocol InterruptLine: AnyObject, Sendable {
    /// Its place in the device's tree.
    var object: DriverObject { get }
    /// Whether it goes when the hardware is released.
    var endsWithHardware: Bool { get }
    /// Connects it and tells the driver (PNP-1).
    func enable() async throws(DeviceError)
    /// Tells the driver and disconnects it (PNP-2).
    func disable() async throws(DeviceError)
}

/// What a driver wants to be told of a source: bound to it once.
struct InterruptCallbacks: Sendable {
    let enable: @Sendable () async throws(DeviceError) -> Void
    let disable: @Sendable () async throws(DeviceError) -> Void

    init<Driver: DriverActor>(
        for driver: Driver, enable: InterruptCallback<Driver>?, disable: InterruptCallback<Driver>?
    ) {
        self.enable = { [weak driver] () throws(DeviceError) in
            if let driver, let enable { try await enable(driver) }
        }
        self.disable = { [weak driver] () throws(DeviceError) in
            if let driver, let disable { try await disable(driver) }
        }
    }
}

/// Tells a driver that a source was connected, or is about to be disconnected.
public typealias InterruptCallback<Driver: DriverActor> =
    @Sendable (isolated Driver) async throws(DeviceError) -> Void

/// What a source has done since it was made.
public struct InterruptStatistics: Hashable, Sendable {
    /// Messages that the interrupt service routine was given.
    public var messages: UInt64 = 0
    /// Messages that it said were not its own.
    public var notOwn: UInt64 = 0
    /// Messages whose DPC was queued already.
    public var coalesced: UInt64 = 0
    /// Calls of the DPC.
    public var deferredCalls: UInt64 = 0
}

extension Device {
    /// Makes a source of interrupts from interrupt-IN endpoints; the place of an endpoint in
    /// `endpoints` is its message number (I-1).
    ///
    /// `isr` gets each message's number and bytes, on the loop: it is bound once, must be short,
    /// and cannot reach the driver. `dpc` gets what it passed on, and may wait (I-5). `enable` and
    /// `disable` are called when messages can come and before they cannot any more. `failed`
    /// decides what a broken transfer leads to, as with a ``ContinuousReader``.
    ///
    /// In the driver's `init`, or in `prepareHardware()`: then it goes when the hardware is
    /// released. Elsewhere it traps: nothing would enable it (I-1). The endpoints are looked for
    /// when it is enabled; one that is not there, or of another kind, then fails the start.
    /// Errors: `.invalidDeviceState` once the device is being disposed of (OBJ-4).
    @discardableResult
    public func interruptSource<Driver: DriverActor, Value: Sendable>(
        _ name: String = "", on endpoints: [EndpointAddress], for driver: isolated Driver,
        enable: InterruptCallback<Driver>? = nil, disable: InterruptCallback<Driver>? = nil,
        failed: @escaping @Sendable (DeviceError) -> ReaderRecovery = { _ in .restart },
        isr: @escaping @Sendable (_ message: Int, _ bytes: RawSpan) -> InterruptAnswer<Value>,
        dpc: @escaping @Sendable (isolated Driver, [Value]) async -> Void
    ) throws(DeviceError) -> InterruptSource<Value> {
        let isPreparing = state.value.pnp.state == .preparingHardware
        contract(
            isPreparing || state.value.pnp.state == .addingDevice,
            "I-1: interrupt source \(name) of \(self.name) was made outside of init and"
                + " prepareHardware: make it there")
        contract(!endpoints.isEmpty, "I-1: interrupt source \(name) has no endpoint")
        let made = LoopConfined<InterruptSource<Value>?>(on: loop, nil)
        let object = try object.add(
            "interrupt source", name, isFrameworkOwned: false,
            cleanup: { await made.value.take()?.end() })
        let source = InterruptSource(
            object, of: self, endpoints, endsWithHardware: isPreparing,
            InterruptCallbacks(for: driver, enable: enable, disable: disable), failed: failed,
            isr: isr)
        made.value = source
        source.setWorker(
            callbackWorker("DPC of \(name)", for: driver) { [unowned source] driver in
                let values = source.takeValues()
                await dpc(driver, values)
                source.giveBack(values)
            })
        state.value.parts.interrupts.append(source)
        return source
    }

    /// Connects and enables every source, in the order in which they were made (PNP-1): after
    /// `enterD0`, before what comes once interrupts are on. When one throws, those before it are
    /// disabled again, in reverse (PNP-14). Does nothing when they are on.
    func enableInterrupts() async throws(DeviceError) {
        guard !state.value.parts.isInterruptible else { return }
        state.value.parts.isInterruptible = true
        for source in state.value.parts.interrupts {
            do { try await source.enable() } catch {
                try? await disableInterrupts()
                throw error
            }
        }
    }

    /// Disables and disconnects every source, in reverse (PNP-2): before `exitD0`. All of them,
    /// whatever throws; the first error is thrown at the end (PNP-15). Does nothing when they are
    /// off.
    func disableInterrupts() async throws(DeviceError) {
        guard state.value.parts.isInterruptible else { return }
        state.value.parts.isInterruptible = false
        var failure: DeviceError?
        for source in state.value.parts.interrupts.reversed() {
            do { try await source.disable() } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }

    /// Deletes the sources that were made in `prepareHardware()`, latest first: when the hardware
    /// is released, before it is closed.
    func endInterruptsOfHardware() async {
        for source in state.value.parts.interrupts.reversed() where source.endsWithHardware {
            try? source.object.delete()
            await source.object.deleted()
        }
    }
}
