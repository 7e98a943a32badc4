/// What a device can do beside its function (DEV-18): a USB device says so in its descriptors, a
/// child's bus driver may say otherwise.
public struct DeviceCapabilities: Hashable, Sendable {
    /// Whether it may be unplugged at any time.
    public var isRemovable: Bool
    /// Whether it can wake a suspended host.
    public var canWake: Bool
    /// Whether it has a power supply of its own.
    public var isSelfPowered: Bool

    /// These capabilities.
    public init(isRemovable: Bool = true, canWake: Bool = false, isSelfPowered: Bool = false) {
        self.isRemovable = isRemovable
        self.canWake = canWake
        self.isSelfPowered = isSelfPowered
    }
}

extension Device {
    /// What the device can do (DEV-18): what its bus driver said, else its configuration's
    /// `bmAttributes`, else its parent's.
    public var capabilities: DeviceCapabilities {
        if let settled = state.value.family.terms.capabilities { return settled }
        if let configuration {
            return DeviceCapabilities(
                canWake: configuration.supportsRemoteWakeup,
                isSelfPowered: configuration.isSelfPowered)
        }
        return parent?.capabilities ?? DeviceCapabilities()
    }
}
