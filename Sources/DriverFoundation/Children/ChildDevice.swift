/// A child as its bus driver makes it: who it is, and on which terms it lives (B-7).
public struct ChildDevice: Sendable {
    /// Who it is. Without an instance id and a hardware id the child cannot be made.
    public var identity: DeviceIdentity
    /// The driver to give it, whatever its ids: a raw device. Otherwise it is matched as any device
    /// is.
    public var driver: (any FunctionDriver.Type)?
    var function: USBFunction?
    var terms = Terms()

    /// What holds between the child and its parent.
    struct Terms: Sendable {
        var needsParentPower = true
        var parentQueue: RequestQueue?
        var offers = LevelOffers()
        var capabilities: DeviceCapabilities?
    }

    /// A child that its bus driver stands for.
    public init(_ identity: DeviceIdentity) { self.identity = identity }

    /// A function of the parent, which must be a USB device.
    public init(_ function: USBFunction, of parent: Device) {
        identity = DeviceIdentity(of: function, in: parent.attached)
        self.function = function
    }

    /// Whether the parent stays in D0 for as long as the child is (B-9).
    public var needsParentPower: Bool {
        get { terms.needsParentPower }
        set { terms.needsParentPower = newValue }
    }

    /// The queue of the parent that takes what the child's drivers send on and no driver of the
    /// child has a handler for; without one it is refused.
    public var parentQueue: RequestQueue? {
        get { terms.parentQueue }
        set { terms.parentQueue = newValue }
    }

    /// What the child can do (DEV-18); its parent's by default.
    public var capabilities: DeviceCapabilities? {
        get { terms.capabilities }
        set { terms.capabilities = newValue }
    }

    /// Offers `value` to the child's drivers, under a protocol that both know (B-11).
    public mutating func offer<Interface: Sendable>(
        _ value: Interface, as type: Interface.Type = Interface.self
    ) {
        terms.offers.add(value, as: type)
    }
}
