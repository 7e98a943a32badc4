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
        /// Told when the bus cannot notice arrivals by itself, on the loop (L27).
        public var discoveryUnavailable: (@Sendable (String) -> Void)?

        /// The defaults.
        public init() {}
    }

    private struct State {
        var devices: [Device] = []
        var isStopping = false
    }

    /// Puts drivers on a bus that has not been started.
    public init(
        on bus: any USBBus, drivers: [any FunctionDriver.Type],
        interfaces: DeviceInterfaces = DeviceInterfaces(), options: Options = Options()
    ) {
        self.bus = bus
        self.drivers = drivers
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
    }

    /// The devices that have a driver now, oldest first.
    public func devices() async -> [Device] {
        await bus.loop.perform { [self] in presentDevices } ?? []
    }

    /// The same, on the loop.
    var presentDevices: [Device] { state.value.devices }

    /// Removes every device (PNP-7), waits for the end of each, and stops the bus. Calling it
    /// again does nothing.
    public func stop() async {
        let devices = await bus.loop.perform { [self] in
            state.value.isStopping = true
            return state.value.devices
        }
        for device in devices ?? [] { await device.removeWithoutQuery() }
        await reportLeftDrivers()
        await bus.stop()
    }

    private func handle(_ event: BusEvent) {
        switch event {
        case .arrived(let attached): arrived(attached)
        case .departed(let id):
            state.value.devices.first { $0.attached.id == id }?.departed()
        case .discoveryUnavailable(let reason):
            options.logger.warning("\(bus.name): \(reason)")
            options.discoveryUnavailable?(reason)
        }
    }

    private func arrived(_ attached: AttachedDevice) {
        guard !state.value.isStopping, options.accepts(attached), let match = match(attached) else {
            return
        }
        let environment = DeviceEnvironment(
            bus: bus, interfaces: interfaces, recorder: recorder, verifier: verifier,
            ledger: objects, settings: options.settings,
            detachesKernelDrivers: options.detachesKernelDrivers,
            watchdogInterval: max(options.watchdogInterval, .milliseconds(1)),
            logger: options.logger, observer: options.observer,
            makeDriver: { device throws(DeviceError) in try await match.driver.init(device: device)
            },
            forget: { [weak self] device in
                self?.state.value.devices.removeAll { $0 === device }
            })
        let device = Device(attached, interfaces: match.interfaces, in: environment)
        state.value.devices.append(device)
        device.observe(.matched(driver: "\(match.driver)"))
        device.post(PnPMachine.Event.add)
        device.post(PnPMachine.Event.start)
    }

    private func match(
        _ attached: AttachedDevice
    ) -> (driver: any FunctionDriver.Type, interfaces: [UInt8])? {
        var best: (rank: Int, driver: any FunctionDriver.Type, interfaces: [UInt8])?
        for driver in drivers {
            for match in driver.matches {
                guard let rank = match.rank(for: attached), rank > best?.rank ?? -1 else {
                    continue
                }
                best = (rank, driver, match.interfaces(of: attached))
            }
        }
        return best.map { ($0.driver, $0.interfaces) }
    }
}
