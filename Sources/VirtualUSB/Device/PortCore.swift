internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// What of a plugged device lives on the loop: its state as chapter 9 of USB 2.0 has it, its
/// endpoints, its tasks.
final class PortCore {
    let loop: EventLoop
    weak var port: DevicePort?
    private(set) var device: (any VirtualDevice)?
    private(set) lazy var control = ControlEndpoint(of: self)
    // By endpoint number; made when a setting first has them.
    private var inputs: [InEndpoint?] = Array(repeating: nil, count: 16)
    private var outputs: [OutEndpoint?] = Array(repeating: nil, count: 16)

    private(set) var description: DeviceDescription?
    private(set) var configuration: ConfigurationDescriptor?
    /// By interface number.
    private var settings = [UInt8](repeating: 0, count: 256)
    var address: UInt8 = 0
    var isRemoteWakeupEnabled = false
    private(set) var isGone = false

    private let finisher = Finisher()
    private var started: [(number: UInt64, task: Task<Void, Never>)] = []
    private var taskCount: UInt64 = 0
    private(set) lazy var faults = FaultState(self)
    var onUnplug: (@Sendable (UnplugKind) -> Void)?
    /// Who waits for the device to resume by itself, while its host lets it sleep.
    var onResume: (@Sendable () -> Void)?

    init(_ loop: EventLoop) { self.loop = loop }

    /// The device is there, in its default state.
    func begin(_ device: any VirtualDevice, _ description: DeviceDescription, _ plan: FaultPlan) {
        self.device = device
        self.description = description
        faults.plan = plan
        control.activate(
            EndpointDescriptor(
                .control, .control,
                maxPacketSize: min(
                    description.device.controlPacketSize(at: description.speed) ?? 512, 512)),
            interface: 0)
    }

    // MARK: Tasks

    func start(_ body: @escaping @Sendable () async -> Void) {
        guard !isGone, let port else { return }
        taskCount += 1
        let number = taskCount
        let task = port.scope.task {
            await body()
            port.scope.loop.onLoop { port.core.value.started.removeAll { $0.number == number } }
        }
        started.append((number, task))
    }

    func startWorker(of endpoint: EndpointCore) {
        guard let device else { return }
        let address = endpoint.address
        start {
            if address.number == 0 {
                await device.serveControl()
            } else if address.direction == .in {
                await device.serveIn(address)
            } else {
                await device.serveOut(address)
            }
        }
    }

    // MARK: Endpoints

    func input(_ address: EndpointAddress) -> InEndpoint? {
        address.direction == .in && address.number != 0 ? inputs[Int(address.number)] : nil
    }

    func output(_ address: EndpointAddress) -> OutEndpoint? {
        address.direction == .out && address.number != 0 ? outputs[Int(address.number)] : nil
    }

    func endpoint(_ address: EndpointAddress) -> EndpointCore? {
        if address.number == 0 { return control }
        return address.direction == .in ? input(address) : output(address)
    }

    private func activate(_ descriptor: EndpointDescriptor, interface: UInt8) {
        let number = Int(descriptor.address.number)
        let address = EndpointAddress(
            number: descriptor.address.number, descriptor.address.direction)
        guard number != 0 else { return }
        if address.direction == .in {
            let endpoint = inputs[number] ?? InEndpoint(address, of: self)
            inputs[number] = endpoint
            endpoint.activate(descriptor, interface: interface)
        } else {
            let endpoint = outputs[number] ?? OutEndpoint(address, of: self)
            outputs[number] = endpoint
            endpoint.activate(descriptor, interface: interface)
        }
    }

    private func deactivate(_ status: TransferStatus, of interface: UInt8? = nil) {
        for number in 1..<16 {
            for endpoint in [outputs[number] as EndpointCore?, inputs[number]] {
                guard let endpoint, endpoint.isActive else { continue }
                if let interface, endpoint.interface != interface { continue }
                endpoint.deactivate(status)
            }
        }
    }

    // MARK: Settings

    /// Puts a configuration in force, `nil` for none, with every interface in setting 0.
    func select(_ configuration: ConfigurationDescriptor?) {
        deactivate(.failed)
        self.configuration = configuration
        for number in settings.indices { settings[number] = 0 }
        for interface in configuration?.interfaces ?? [] {
            for endpoint in interface.alternateSetting(0)?.endpoints ?? [] {
                activate(endpoint, interface: interface.number)
            }
        }
    }

    /// Puts an alternate setting in force; tells whether there is such a one.
    func select(setting: UInt8, of interface: UInt8) -> Bool {
        guard let found = configuration?.interface(interface)?.alternateSetting(setting) else {
            return false
        }
        deactivate(.failed, of: interface)
        settings[Int(interface)] = setting
        for endpoint in found.endpoints { activate(endpoint, interface: interface) }
        return true
    }

    func alternateSetting(of interface: UInt8) -> UInt8? {
        configuration?.interface(interface) == nil ? nil : settings[Int(interface)]
    }

    // MARK: The host's side

    func submit(_ transfer: HostTransfer) {
        contract(transfer.phase == .idle, "a transfer was submitted twice")
        transfer.phase = .pending
        transfer.filled = 0
        transfer.wasAsked = false
        guard !isGone else { return commit(transfer, .deviceGone, length: 0) }
        guard let endpoint = endpoint(transfer.endpoint), endpoint.isActive,
            endpoint.type != .isochronous
        else { return commit(transfer, .failed, length: 0) }
        faults.mark(transfer)
        endpoint.submit(transfer)
    }

    func withdraw(_ transfer: HostTransfer) -> Bool {
        guard transfer.phase == .pending else {
            guard transfer.phase == .committed else { return false }
            loop.reach(.cancelWhileCompletionPosted)
            return loop.isPlanted(.withdrawnTooLate)
        }
        if transfer.filled > 0 { loop.reach(.cancelOfFilledTransfer) }
        return endpoint(transfer.endpoint)?.withdraw(transfer) ?? false
    }

    /// Decides how a transfer ends; `finish` is called later, in the order of the decisions.
    func commit(_ transfer: HostTransfer, _ status: TransferStatus, length: Int) {
        transfer.phase = .committed
        transfer.result = (status, length)
        finisher.append(transfer, of: self)
    }

    func busReset() {
        guard !isGone else { return }
        select(nil)
        address = 0
        isRemoteWakeupEnabled = false
        control.reset()
    }

    func unplug(_ kind: UnplugKind) {
        guard !isGone else { return }
        isGone = true
        let departure = Departure(kind, onUnplug)
        switch kind {
        case .endWithError:
            endEverything(.failed)
            commit(departure, .completed, length: 0)
        case .endAfterDeparture:
            commit(departure, .completed, length: 0)
            endEverything(.deviceGone)
        case .vanish:
            commit(departure, .completed, length: 0)
            control.endOwn(.deviceGone)
        }
        for endpoint in [control] + outputs + inputs as [EndpointCore?] {
            endpoint?.dropMessages()
            endpoint?.wake()
        }
        for entry in started { entry.task.cancel() }
        let device = self.device.take()
        onUnplug = nil
        port?.scope.task { await device?.unplugged() }
    }

    private func endEverything(_ status: TransferStatus) {
        for endpoint in [control] + outputs + inputs as [EndpointCore?] {
            endpoint?.endAll(status)
        }
    }
}

/// Reports the ends of transfers from the loop, never from inside the call that caused them.
private final class Finisher: Work {
    private var ended = TransferList()
    private var core: PortCore?

    func append(_ transfer: HostTransfer, of core: PortCore) {
        ended.append(transfer)
        guard self.core == nil else { return }
        self.core = core
        core.loop.post(self)
    }

    override func run() {
        // What a host submits from inside `finish` and what that ends is reported in another turn,
        // so that a host which always submits again cannot keep the loop.
        for _ in 0..<ended.count {
            guard let transfer = ended.removeFirst() else { break }
            transfer.phase = .idle
            transfer.finish(transfer.result.status, length: transfer.result.length)
        }
        guard let core = core.take(), !ended.isEmpty else { return }
        self.core = core
        core.loop.post(self)
    }
}

/// The device's departure, in its place among the ends of transfers; Sendable as they are.
private final class Departure: HostTransfer, @unchecked Sendable {
    // Sendable as its superclass is: confined to the loop.

    private let kind: UnplugKind
    private let report: (@Sendable (UnplugKind) -> Void)?

    init(_ kind: UnplugKind, _ report: (@Sendable (UnplugKind) -> Void)?) {
        self.kind = kind
        self.report = report
        unsafe super.init(
            endpoint: .control, memory: UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }

    override func finish(_ status: TransferStatus, length: Int) { report?(kind) }
}
