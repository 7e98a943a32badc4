/// What a driver offers of its device: one interface of a class, enabled by the framework or by the
/// driver (DI-1, DI-2).
///
/// Threading: its device's scope.
public final class InterfaceRegistration: Sendable {
    private struct State {
        // DI-2: what the driver has said, which wins over what the framework would do.
        var choice: Bool?
        var isOffered = false
        var properties: [String: String]
        var enabled: DeviceInterface?
    }

    /// The class.
    public let interfaceClass: DeviceInterfaceClass
    /// Tells the interfaces of one class on one device apart (DI-1).
    public let reference: String
    private unowned let device: Device
    private let state: LoopConfined<State>

    init(
        _ interfaceClass: DeviceInterfaceClass, reference: String, isDelayed: Bool,
        _ properties: [String: String], of device: Device
    ) {
        self.interfaceClass = interfaceClass
        self.reference = reference
        self.device = device
        state = LoopConfined(
            on: device.loop, State(choice: isDelayed ? false : nil, properties: properties))
    }

    /// Whether programs find it now.
    public var isEnabled: Bool { state.value.enabled != nil }

    /// What is said about it, for programs that look for the right one (DI-5).
    public var properties: [String: String] {
        get { state.value.properties }
        set {
            state.value.properties = newValue
            guard let interface = state.value.enabled?.with(properties: newValue) else { return }
            state.value.enabled = interface
            device.environment.interfaces.replace(interface)
        }
    }

    /// Lets programs find it: now, or as soon as the device has started (DI-2).
    public func enable() { choose(true) }

    /// Lets programs find it no more; files that are open stay so (DI-2). It stays disabled over a
    /// start until ``enable()``.
    public func disable() { choose(false) }

    private func choose(_ choice: Bool) {
        state.value.choice = choice
        update()
    }

    /// Whether the device is one that can be opened.
    func offer(_ isOffered: Bool) {
        state.value.isOffered = isOffered
        update()
    }

    private func update() {
        let interfaces = device.environment.interfaces
        let isEnabled = state.value.isOffered && state.value.choice != false
        if isEnabled, state.value.enabled == nil {
            let interface = DeviceInterface(
                id: interfaces.nextID(), interfaceClass, reference: reference,
                deviceName: device.name, properties: state.value.properties, port: device)
            state.value.enabled = interface
            interfaces.enable(interface)
        } else if !isEnabled, let interface = state.value.enabled.take() {
            interfaces.disable(interface.id)
        }
    }
}

/// What a device offers to programs, and hears of other devices' offers.
struct OfferedInterfaces: Sendable {
    var registrations: [InterfaceRegistration] = []
    var areOffered = false
    var names: [String] = []
    var watches: [Task<Void, Never>] = []
}

extension Device {
    /// Offers the device to programs as `interfaceClass`: enabled when it has started, disabled
    /// when it is removed, and neither by a stop, idleness or sleep (DI-1).
    ///
    /// `reference`: tells the interfaces of one class on this device apart; two alike trap.
    /// `isDelayed`: the driver enables it itself, when it has something to offer (DI-2).
    /// `properties`: what is said about it (DI-5).
    @discardableResult
    public func register(
        _ interfaceClass: DeviceInterfaceClass, reference: String = "", isDelayed: Bool = false,
        properties: [String: String] = [:]
    ) -> InterfaceRegistration {
        let isNew = !state.value.interfaces.registrations.contains {
            $0.interfaceClass == interfaceClass && $0.reference == reference
        }
        contract(
            isNew,
            "DI-1: \(name) registers \(interfaceClass.name) with the reference \"\(reference)\""
                + " twice: keep one, or tell them apart")
        let registration = InterfaceRegistration(
            interfaceClass, reference: reference, isDelayed: isDelayed, properties, of: self)
        state.value.interfaces.registrations.append(registration)
        if state.value.interfaces.areOffered { registration.offer(true) }
        return registration
    }

    /// Lets programs open the device as `symbolicName` (DI-3), until it is removed; opens are
    /// refused until it has started.
    ///
    /// Errors: `.nameCollision` when another device has the name.
    public func link(_ symbolicName: String) throws(DeviceError) {
        guard environment.interfaces.link(symbolicName, to: self) else {
            throw DeviceError(
                .nameCollision, "Another device is called \"\(symbolicName)\" already (DI-3).")
        }
        state.value.interfaces.names.append(symbolicName)
    }

    /// Tells the driver of other devices that come and go: `arrived` for each interface of the
    /// class that is enabled now, then both as it happens (DI-4). Ends when this device is removed.
    ///
    /// Threading: the handlers run on the device's scope, one at a time, in order.
    public func watch<Driver: Actor>(
        _ interfaceClass: DeviceInterfaceClass, for driver: isolated Driver,
        arrived: @escaping @Sendable (isolated Driver, DeviceInterface) async -> Void,
        removed: @escaping @Sendable (isolated Driver, DeviceInterface) async -> Void = { _, _ in }
    ) {
        let changes = environment.interfaces.changes()
        let watch = scope.task { [weak driver] in
            var present: [DeviceInterface] = []
            for await change in changes {
                guard !Task.isCancelled, let driver else { return }
                switch change {
                case .arrived(let interface) where interface.interfaceClass == interfaceClass:
                    present.append(interface)
                    await arrived(driver, interface)
                case .removed(let id):
                    guard let index = present.firstIndex(where: { $0.id == id }) else { continue }
                    await removed(driver, present.remove(at: index))
                default: break
                }
            }
        }
        state.value.interfaces.watches.append(watch)
    }

    /// PNP-1: programs find the device.
    func enableInterfaces() {
        state.value.interfaces.areOffered = true
        for registration in state.value.interfaces.registrations { registration.offer(true) }
    }

    /// PNP-6: programs find it no more.
    func disableInterfaces() {
        if loop.isPlanted(.interfaceStaysEnabled) { return }
        state.value.interfaces.areOffered = false
        for registration in state.value.interfaces.registrations { registration.offer(false) }
    }

    /// Its names stand for nothing any more, and it hears no more of other devices.
    func endInterfaces() {
        for name in state.value.interfaces.names { environment.interfaces.unlink(name) }
        for watch in state.value.interfaces.watches { watch.cancel() }
        state.value.interfaces.names = []
        state.value.interfaces.watches = []
    }
}
