import DriverFoundation

/// A driver that does nothing for the devices that `Kind` names.
actor InertDriver<Kind: DriverKind>: FunctionDriver {
    static var matches: [DeviceMatch] { Kind.matches }
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }
}

/// What a driver is for.
protocol DriverKind {
    static var matches: [DeviceMatch] { get }
}
