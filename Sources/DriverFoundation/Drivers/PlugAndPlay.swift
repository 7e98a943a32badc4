public import Logging

/// Matches the devices of a bus to drivers, and keeps each device's life in order: what a program
/// starts, and stops at its end.
///
/// ```swift
/// let plugAndPlay = PlugAndPlay(on: bus, drivers: [Toaster.self])
/// try await plugAndPlay.start()
/// let toaster = try await plugAndPlay.interfaces.open("org.example.toaster")
/// ```
///
/// Threading: any.
public final class PlugAndPlay: Sendable {
    /// The bus whose devices are driven.
    public let bus: any USBBus
    /// Where started devices offer themselves to programs.
    public let interfaces: DeviceInterfaces
    /// The last things that happened to its devices: steps, requests, transfers. On the loop.
    public let recorder: FlightRecorder
    /// What of its devices' objects has not been destroyed (OBJ-13).
    public let objects = ObjectLedger()

    /// What was found wrong with drivers, and what was made to fail.
    public let verifier: Verifier

    private let drivers: [any FunctionDriver.Type]
    private let filters: [FilterPlacement]
    private let options: Options
    private let state: LoopConfined<State>

    /// What can be chosen.
    public struct Options: Sendable {
        /// Whether an interface that a kernel driver holds is taken from it, and given back at the
        /// end.
        public var detachesKernelDrivers = true
        /// Which of the matching devices to drive; all by default.
        public var accepts: @Sendable (AttachedDevice) -> Bool = { _ in true }
        /// How long a device that leaves D0 waits for a request that its driver owns before that is
        /// reported, and again after each further such time. It waits without limit.
        public var watchdogInterval: Duration = .seconds(10)
        /// What is watched beside, and what is made to fail (VF-63).
        public var verifier = Verifier.Options()
        /// Where drivers and devices keep their settings (DRV-5, DEV-19); as long as the process
        /// lasts, by default.
        public var settings: any SettingsStore = MemorySettings()
        /// Where failures are reported.
        public var logger = Logger(label: "driver-foundation")
        /// Told of each step of each device's life, on the loop.
        public var observer: (@Sendable (Device, LifecycleStep) -> Void)?
        /// Told of each change of state of each device's machines, at each moment of it, on the
        /// loop (DEV-13, ENG-4).
        public var stateObserver: (@Sendable (Device, StateChange) -> Void)?
        /// Whether a device that has failed is made anew, five times a minute at most (PNP-18).
        public var restartsFailedDevices = true
        /// Who says when the system sleeps; nobody by default, and then nothing is done for it.
        public var sleepSource: (any SleepSource)?
        /// Told when the bus cannot notice arrivals by itself, on the loop (L27).
        public var discoveryUnavailable: (@Sendable (String) -> Void)?

        /// The defaults.
        public init() {}
    }

    private struct State {
        var devices: [Device] = []
        var controls: [ControlDevice] = []
        var isStopping = false
        var restarts = RestartLimit()
        // Above every attachment's number.
        var lastNumber: UInt32 = 1 << 31
    }

    /// Puts drivers on a bus that has not been started, with filters over and under them (FL-3).
    public init(
        on bus: any USBBus, drivers: [any FunctionDriver.Type], filters: [FilterPlacement] = [],
        interfaces: DeviceInterfaces = DeviceInterfaces(), options: Options = Options()
    ) {
        self.bus = bus
        self.drivers = drivers
        self.filters = filters
        self.interfaces = interfaces
        self.options = options
        recorder = FlightRecorder(on: bus.loop)
        verifier = Verifier(on: bus.loop, options.verifier, logger: options.logger)
        state = LoopConfined(on: bus.loop, State())
    }

    /// Starts the bus: from now on devices that arrive are driven.
    ///
    /// Errors: what keeps the bus from working, with what to do.
    public func start() async throws(DeviceError) {
        let isRefused = await bus.loop.perform { [self] in
            watchLoop()
            return verifier.fails(.busStart)
        }
        if isRefused == true { throw DeviceError(.outOfMemory) }
        do {
            try await bus.start { [self] event in handle(event) }
        } catch { throw DeviceError(error) }
        await options.sleepSource?.begin { [weak self] sleep in await self?.system(sleep) }
    }

    /// The devices that have a driver now, oldest first.
    public func devices() async -> [Device] {
        await bus.loop.perform { [self] in presentDevices } ?? []
    }

    /// The same, on the loop.
    var presentDevices: [Device] { state.value.devices }

    /// Loads a bus driver that no hardware stands for: its device is a root, made now (B-1).
    ///
    /// - Returns: the device; `nil` when the program is stopping.
    @discardableResult
    public func addRoot(_ driver: any FunctionDriver.Type) async -> Device? {
        let device = await bus.loop.perform { [self] () -> Device? in
            let name = "\(driver)"
            var node = DeviceNode(
                DeviceIdentity(name: name, instanceID: name, hardwareIDs: ["root:\(name)"]),
                .software)
            node.driver = driver
            return start(node)
        }
        return device ?? nil
    }

    /// Tells the control devices (CB-11), removes every device (PNP-7), waits for the end of each,
    /// has the drivers unload (DRV-3), and stops the bus. Calling it again does nothing.
    public func stop() async {
        await options.sleepSource?.end()
        let left = await bus.loop.perform { [self] in
            defer { state.value.isStopping = true }
            return (state.value.devices, state.value.controls, isFirst: !state.value.isStopping)
        }
        guard let (devices, controls, isFirst) = left else { return await bus.stop() }
        for control in controls { await control.shutDown() }
        for device in devices { await device.removeWithoutQuery() }
        for control in controls { await control.end() }
        await reportLeftDrivers()
        if isFirst { for driver in drivers { await driver.unload() } }
        await bus.stop()
    }

    private func handle(_ event: BusEvent) {
        switch event {
        case .arrived(let attached):
            if options.accepts(attached) { _ = start(DeviceNode(attached)) }
        case .departed(let id):
            state.value.devices.first { $0.isWhole && $0.usb?.id == id }?.departed()
        case .discoveryUnavailable(let reason):
            options.logger.warning("\(bus.name): \(reason)")
            options.discoveryUnavailable?(reason)
        }
    }

    private func start(_ node: DeviceNode) -> Device? {
        let device = attach(node)
        device?.begin()
        return device
    }

    /// Makes the device of a node for which there is a driver.
    private func attach(_ node: DeviceNode) -> Device? {
        guard !state.value.isStopping, let node = match(node) else { return nil }
        let device = Device(node, in: environment)
        state.value.devices.append(device)
        return device
    }

    private var environment: DeviceEnvironment {
        DeviceEnvironment(
            bus: bus, interfaces: interfaces, recorder: recorder, verifier: verifier,
            ledger: objects, settings: options.settings,
            detachesKernelDrivers: options.detachesKernelDrivers,
            watchdogInterval: max(options.watchdogInterval, .milliseconds(1)),
            logger: options.logger, observer: options.observer,
            stateObserver: options.stateObserver,
            hasStarted: { [weak self] device in
                self?.state.value.restarts.started(device.restartKey)
            },
            mayRestart: { [weak self] device in self?.mayRestart(device) ?? false },
            attach: { [weak self] node in self?.attach(node) },
            forget: { [weak self] device in self?.forget(device) },
            keep: { [weak self] control in self?.state.value.controls.append(control) },
            forgetControl: { [weak self] control in
                self?.state.value.controls.removeAll { $0 === control }
            },
            nextNumber: { [weak self] in
                self?.state.value.lastNumber &+= 1
                return self?.state.value.lastNumber ?? .max
            })
    }

    private func forget(_ device: Device) {
        state.value.devices.removeAll { $0 === device }
        // A child is its bus driver's to make.
        if device.isToBeMadeAnew, device.isWhole, let usb = device.usb {
            _ = start(DeviceNode(usb))
        }
    }

    private func mayRestart(_ device: Device) -> Bool {
        guard options.restartsFailedDevices, !state.value.isStopping,
            device.isWhole || device.parent != nil
        else { return false }
        return state.value.restarts.failed(device.restartKey, at: bus.loop.now)
    }

    /// Finds the drivers of a node that has none settled; `nil` when there is no function driver.
    private func match(_ node: DeviceNode) -> DeviceNode? {
        var node = node
        if node.driver == nil {
            var best: (rank: Int, driver: any FunctionDriver.Type, match: DeviceMatch)?
            for driver in drivers {
                for match in driver.matches {
                    guard let rank = match.rank(for: node), rank > best?.rank ?? -1 else {
                        continue
                    }
                    best = (rank, driver, match)
                }
            }
            guard let best else { return nil }
            node.driver = best.driver
            node.source = node.source.claiming(best.match.interfaces(of: node))
        }
        node.filters = filters.filter { filter in
            filter.driver.matches.contains { $0.rank(for: node) != nil }
        }
        return node
    }

    /// Makes a control device of the program's own (CD-1), whose driver is `driver`.
    ///
    /// Errors: what the driver's `init` throws; `.removed` when the program is stopping.
    @discardableResult
    public func addControlDevice(
        _ driver: any ControlDriver.Type
    ) async throws(DeviceError) -> ControlDevice {
        let made = await bus.loop.perform { [self] () -> ControlDevice? in
            state.value.isStopping ? nil : ControlDevice(named: "\(driver)", in: environment)
        }
        guard let control = made ?? nil else { throw DeviceError.removed }
        return try await control.add(driver)
    }
}

extension DeviceSource {
    fileprivate func claiming(_ interfaces: [UInt8]) -> DeviceSource {
        switch self {
        case .device(let usb, _): .device(usb, interfaces: interfaces)
        case .function(let usb, _): .function(usb, interfaces: interfaces)
        case .software: .software
        }
    }
}

extension Device {
    /// Whether it is a USB device in whole, not a function of one.
    var isWhole: Bool { if case .device = source { true } else { false } }

    /// Lets the machines begin.
    func begin() {
        observe(.matched(driver: state.value.stack.driver.map { "\($0)" } ?? "nothing"))
        post(PnPMachine.Event.add)
        post(PnPMachine.Event.start)
    }
}
