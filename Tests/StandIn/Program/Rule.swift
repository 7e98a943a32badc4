import BusConformance
import DriverRuntime
import LibUSBBus
import USBBus
import USBTypes

/// A rule of libusb's use (libusb §2.10) and how this tier shows that it is kept.
struct Rule: Sendable {
    let id: String
    private let body: @Sendable (RuleRun) async throws -> Void

    init(_ id: String, _ body: @escaping @Sendable (RuleRun) async throws -> Void) {
        self.id = id
        self.body = body
    }

    static let all = teardown + economy + ownership + races + suspend

    func run(on bench: StandInBench) async -> ConformanceVerdict {
        let run = RuleRun(bench)
        do {
            try await body(run)
        } catch {
            // What it holds open is still open: the bus cannot be stopped any more.
            return .failed("\(error)")
        }
        await run.finish()
        return .passed
    }
}

/// A started bus, and what it reported.
final class RuleRun: Sendable {
    let bench: StandInBench
    let bus: LibUSBBus
    private let arrivals: AsyncStream<AttachedDevice>
    private let departures: AsyncStream<AttachmentID>
    private let arrived: AsyncStream<AttachedDevice>.Continuation
    private let departed: AsyncStream<AttachmentID>.Continuation
    private let isStopped = LockedFlag()

    init(_ bench: StandInBench) {
        self.bench = bench
        bus = bench.makeLibUSBBus()
        (arrivals, arrived) = AsyncStream.makeStream()
        (departures, departed) = AsyncStream.makeStream()
    }

    func start() async throws {
        try await bus.start { [arrived, departed] event in
            switch event {
            case .arrived(let device): arrived.yield(device)
            case .departed(let id): departed.yield(id)
            case .discoveryUnavailable: break
            }
        }
    }

    /// Plugs a device in and opens it, with its interfaces claimed.
    func device() async throws -> (node: NodeDevice, device: any BusDevice) {
        let node = try await bench.plugNode()
        let attached = try await nextArrival()
        let device = try await bus.open(attached.id)
        try await device.claim(0, detaching: true)
        try await device.claim(1, detaching: true)
        try await device.setAlternateSetting(1, of: 1)
        return (node, device)
    }

    func nextArrival() async throws -> AttachedDevice {
        for await device in arrivals { return device }
        throw ConformanceFailure("no arrival")
    }

    func nextDeparture() async throws -> AttachmentID {
        for await id in departures { return id }
        throw ConformanceFailure("no departure")
    }

    func stop() async {
        guard isStopped.set() else { return }
        await bus.stop()
    }

    func finish() async {
        await stop()
        await bench.clear()
    }

    func expect(_ condition: Bool, _ text: @autoclosure () -> String) throws {
        if !condition { throw ConformanceFailure(text()) }
    }

    /// Lets a moment pass, each time another: so many ways to the device's loop and back.
    func moment(_ rounds: Int) async {
        for _ in 0..<rounds { await bench.deviceLoop.perform {} }
    }

    /// Runs `body` on the bus's loop.
    func onLoop<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let result: Result<Value, any Error> = await Resumption.wait { resumption in
            bus.loop.execute { resumption.resume(returning: Result(catching: body)) }
        }
        return try result.get()
    }
}

/// Set once.
final class LockedFlag: @unchecked Sendable {
    private let lock = Lock()
    private var isSet = false
    func set() -> Bool {
        lock.withLock {
            defer { isSet = true }
            return !isSet
        }
    }
}
