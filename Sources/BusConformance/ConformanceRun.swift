internal import DriverRuntime
internal import USBBus
internal import USBTypes

/// One run of a case: the bus, what it reported, the open device and its transfers.
///
/// All of it on the bus's loop.
final class ConformanceRun {
    let bench: any ConformanceBench
    let bus: any USBBus
    private let log: LoopConfined<EventLog>
    private let signal: Signal
    private var isStarted = false
    private var devices: [any BusDevice] = []
    private var probes: [TransferProbe] = []
    /// Rises with each completion and event: what came before what.
    private(set) var moment = 0

    init(_ bench: any ConformanceBench, _ bus: any USBBus) {
        self.bench = bench
        self.bus = bus
        log = LoopConfined(on: bus.loop, EventLog())
        signal = Signal(on: bus.loop)
    }

    var loop: EventLoop { bus.loop }
    var clock: LoopClock { LoopClock(bus.loop) }

    // MARK: Findings

    /// Clauses seen broken in passing.
    var violations: [String] { log.value.violations }

    func expect(_ condition: Bool, _ failure: @autoclosure () -> String) throws {
        if !condition { throw ConformanceFailure(failure()) }
    }

    func note(violation: String) { log.value.violations.append(violation) }

    /// Runs `body` and wants it to throw an error of `code`.
    func expect(
        _ code: BusError.Code, of what: String, _ body: () async throws -> Void
    ) async throws {
        do { try await body() } catch let error as BusError {
            return try expect(
                error.code == code, "\(what) failed with \(error.code) instead of \(code).")
        }
        throw ConformanceFailure("\(what) succeeded instead of failing with \(code).")
    }

    // MARK: Waiting

    /// Something changed that a wait may be for.
    func touch() -> Int {
        moment += 1
        signal.notify()
        return moment
    }

    func wait(for what: String, until condition: () -> Bool) async throws {
        let end = clock.now.advanced(by: bench.patience)
        while true {
            let seen = signal.count
            if condition() { return }
            guard clock.now < end else {
                throw ConformanceFailure("Waited \(bench.patience) in vain for \(what).")
            }
            await signal.wait(until: end, after: seen)
        }
    }

    /// Lets pass the time in which something that must not happen would.
    func settle() async { await clock.wait(for: bench.settling) }

    /// Lets the loop go round once.
    func turn() async {
        await Resumption.wait { resumption in loop.execute { resumption.resume() } }
    }

    // MARK: The bus and its events

    func start() async throws {
        guard !isStarted else { return }
        isStarted = true
        let (log, signal, loop) = (log, signal, bus.loop)
        try await bus.start { event in
            guard loop.isOnLoop else { preconditionFailure("an event came off the loop") }
            log.value.add(event)
            signal.notify()
        }
    }

    /// The reference devices that arrived, in order.
    var arrivals: [AttachedDevice] { log.value.arrivals }

    /// How often the departure of `id` was reported.
    func departures(of id: AttachmentID) -> Int {
        log.value.departures.filter { $0 == id }.count
    }

    func plug() async throws -> AttachedDevice {
        try await start()
        let before = arrivals.count
        try await bench.plug()
        try await wait(for: "the arrival of a device") { arrivals.count > before }
        return arrivals[before]
    }

    func unplug(_ kind: ConformanceUnplug = .any) async throws {
        guard let last = arrivals.last else { return }
        try await bench.unplug(kind)
        try await wait(for: "the departure of \(last.id)") { departures(of: last.id) > 0 }
    }

    // MARK: The device

    func open(_ attached: AttachedDevice) async throws -> any BusDevice {
        let device = try await bus.open(attached.id)
        devices.append(device)
        return device
    }

    /// A plugged, open reference device with these interfaces claimed.
    func device(
        claiming interfaces: [UInt8] = [ReferenceDevice.mainInterface]
    ) async throws -> any BusDevice {
        let device = try await open(try await plug())
        for interface in interfaces { try await device.claim(interface, detaching: true) }
        return device
    }

    /// A device whose ``ReferenceDevice/sink`` and ``ReferenceDevice/source`` are there too.
    func deviceWithStreams() async throws -> any BusDevice {
        let device = try await device(claiming: [
            ReferenceDevice.mainInterface, ReferenceDevice.settingsInterface,
        ])
        try await device.setAlternateSetting(1, of: ReferenceDevice.settingsInterface)
        return device
    }

    func probe(
        _ device: any BusDevice, _ endpoint: EndpointAddress, capacity: Int
    ) throws -> TransferProbe {
        let isInterrupt =
            endpoint == ReferenceDevice.interruptIn || endpoint == ReferenceDevice.interruptOut
        let type: TransferType =
            endpoint.number == 0 ? .control : isInterrupt ? .interrupt : .bulk
        let size =
            switch type {
            case .control: 64
            case .interrupt: ReferenceDevice.interruptPacket
            default: ReferenceDevice.bulkPacket
            }
        let transfer = try device.makeTransfer(
            type, on: endpoint, maxPacketSize: size, capacity: capacity)
        let probe = TransferProbe(transfer, of: self)
        probes.append(probe)
        return probe
    }

    // MARK: The end

    /// Ends what is in flight, closes, unplugs; returns what went wrong with that.
    func cleanUp() async -> [String] {
        var failures: [String] = []
        for probe in probes { probe.onCompletion = nil }
        for probe in probes { probe.cancel() }
        do {
            try await wait(for: "the end of cancelled transfers") {
                probes.allSatisfy { !$0.isInFlight }
            }
            for device in devices { await device.close() }
            try await bench.unplug(.any)
        } catch {
            failures.append("\(error)")
            // What is in flight may not be released.
            for probe in probes where probe.isInFlight { probe.leak() }
        }
        return failures
    }
}

/// What a bus reported of reference devices, and the rules it broke doing so.
private struct EventLog {
    var arrivals: [AttachedDevice] = []
    var departures: [AttachmentID] = []
    var violations: [String] = []

    mutating func add(_ event: BusEvent) {
        switch event {
        case .arrived(let device):
            guard device.descriptor.vendorID == ReferenceDevice.vendorID,
                device.descriptor.productID == ReferenceDevice.productID
            else { return }
            if arrivals.contains(where: { $0.id == device.id }) {
                violations.append("The arrival of \(device.id) was reported twice (L13).")
            }
            arrivals.append(device)
        case .departed(let id):
            guard arrivals.contains(where: { $0.id == id }) else { return }
            if departures.contains(id) {
                violations.append("The departure of \(id) was reported twice (L12).")
            }
            departures.append(id)
        case .discoveryUnavailable:
            break
        }
    }
}

/// Wakes the one wait of a run.
private final class Signal: Sendable {
    private struct State {
        var waiting: Resumption<Void>?
        var deadline: Deadline?
        var count = 0
    }
    private let state: LoopConfined<State>
    private let loop: EventLoop

    init(on loop: EventLoop) {
        self.loop = loop
        state = LoopConfined(on: loop, State())
    }

    /// How often it was notified.
    var count: Int { state.value.count }

    func notify() {
        state.value.count += 1
        state.value.deadline?.disarm()
        state.value.waiting.take()?.resume()
    }

    /// Returns at the next notification after number `seen`, or at `end`.
    func wait(until end: Instant, after seen: Int) async {
        let deadline = state.value.deadline ?? Deadline(on: loop) { [weak self] in self?.notify() }
        state.value.deadline = deadline
        // An await may let others run before the body does.
        await Resumption.wait { resumption in
            guard state.value.count == seen else { return resumption.resume() }
            deadline.arm(at: end)
            state.value.waiting = resumption
        }
    }
}
