/// What is known of a device before it is made: who it is, what it consists of, whose child it is,
/// and which drivers were found for it.
struct DeviceNode: Sendable {
    var identity: DeviceIdentity
    var source: DeviceSource
    var parent: Device?
    /// What a bus driver settled for it.
    var child = ChildDevice.Terms()
    var driver: (any FunctionDriver.Type)?
    var filters: [FilterPlacement] = []

    /// A device of the bus.
    init(_ usb: AttachedDevice) {
        identity = DeviceIdentity(of: usb)
        source = .device(usb, interfaces: [])
    }

    init(_ identity: DeviceIdentity, _ source: DeviceSource, parent: Device? = nil) {
        self.identity = identity
        self.source = source
        self.parent = parent
    }
}
