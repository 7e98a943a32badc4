/// A driver above or below another device's function driver, which it does not replace (FL-1): it
/// sees that driver's requests and its life, changes what it likes, and lets the rest pass.
///
/// Nothing is mandatory (DRV-8): a filter without handlers changes nothing. Its queues are not
/// power-managed by default; requests of kinds for which it has no handler, opens and closes go on
/// to the next lower driver by themselves. It never decides about power.
///
/// Its callbacks surround the function driver's: lower filters go before it on the way up and after
/// it on the way down, upper filters the other way round (FL-3). All run on the device's scope.
public protocol FilterDriver: DriverActor {
    /// The devices over or under whose function driver it goes.
    static var matches: [DeviceMatch] { get }

    /// Its place in the device's stack, kept from `init`.
    nonisolated var level: DeviceLevel { get }

    /// EvtDriverDeviceAdd: called for each matching device, lowest driver first. Throwing leaves
    /// this filter out of the stack; the device works without it (DRV-2).
    init(level: DeviceLevel) async throws(DeviceError)

    /// As of ``FunctionDriver``.
    func prepareHardware() async throws(DeviceError)
    /// As of ``FunctionDriver``.
    func enterD0(from previous: PowerState) async throws(DeviceError)
    /// As of ``FunctionDriver``.
    func exitD0(to next: PowerState) async throws(DeviceError)
    /// As of ``FunctionDriver``.
    func releaseHardware() async throws(DeviceError)
    /// As of ``FunctionDriver``.
    func surpriseRemoval() async
    /// As of ``FunctionDriver``.
    func queryRemove() async throws(DeviceError)
    /// As of ``FunctionDriver``.
    func queryStop() async throws(DeviceError)
}

extension FilterDriver {
    /// The device.
    public nonisolated var device: Device { level.device }
    /// The device's scope.
    public nonisolated var scope: Scope { level.device.scope }

    /// Does nothing.
    public func prepareHardware() async throws(DeviceError) {}
    /// Does nothing.
    public func enterD0(from previous: PowerState) async throws(DeviceError) {}
    /// Does nothing.
    public func exitD0(to next: PowerState) async throws(DeviceError) {}
    /// Does nothing.
    public func releaseHardware() async throws(DeviceError) {}
    /// Does nothing.
    public func surpriseRemoval() async {}
    /// Agrees.
    public func queryRemove() async throws(DeviceError) {}
    /// Agrees.
    public func queryStop() async throws(DeviceError) {}
}

/// A filter and where it goes, as ``PlugAndPlay`` is given it; of those on one side, the first
/// listed is the lowest (FL-3).
public struct FilterPlacement: Sendable {
    let driver: any FilterDriver.Type
    let position: DeviceLevel.Position

    /// Above the function driver.
    public static func upper(_ driver: any FilterDriver.Type) -> FilterPlacement {
        FilterPlacement(driver: driver, position: .upperFilter)
    }

    /// Below the function driver.
    public static func lower(_ driver: any FilterDriver.Type) -> FilterPlacement {
        FilterPlacement(driver: driver, position: .lowerFilter)
    }
}
