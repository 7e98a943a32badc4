import DriverSimulation
import Logging
import VirtualUSB

@testable import DriverFoundation

/// One simulated machine: a virtual bus, Plug and Play on it, and a log of what happened.
final class Bench: Sendable {
    let simulation: Simulation
    let bus: VirtualBus
    let plugAndPlay: PlugAndPlay
    let journal: Journal
    /// Opens what scripts wait at.
    let valve: Valve

    /// What tasks of clients prefer.
    let executor: Scope

    var clock: LoopClock { simulation.clock }
    var interfaces: DeviceInterfaces { plugAndPlay.interfaces }

    /// The device that arrived last.
    var device: Device {
        get throws {
            guard let device = journal.device else { throw Surprise("no device is there") }
            return device
        }
    }

    /// Its driver.
    var driver: ScriptedDriver {
        get throws {
            guard let driver = try device.state.value.driver as? ScriptedDriver else {
                throw Surprise("the device has no driver")
            }
            return driver
        }
    }

    init(
        _ simulation: Simulation, _ script: Script = Script(),
        drivers: [any FunctionDriver.Type] = [ScriptedDriver.self],
        filters: [FilterPlacement] = [], options: PlugAndPlay.Options = PlugAndPlay.Options()
    ) async throws {
        let journal = Journal(on: simulation.loop)
        var options = options
        options.observer = { device, step in
            simulation.log("\(device.name) \(step)")
            journal.note(step, of: device)
        }
        options.logger = Logger(label: "bench") { _ in JournalLogHandler(journal: journal) }
        valve = Valve(on: simulation.loop)
        Script.register(script, valve, for: simulation.loop)
        self.simulation = simulation
        self.journal = journal
        executor = simulation.scope(named: "clients")
        bus = VirtualBus(on: simulation.loop)
        plugAndPlay = PlugAndPlay(
            on: bus, drivers: drivers, filters: filters, options: options)
        try await plugAndPlay.start()
    }

    /// Plugs in a gadget, and returns it with its plug.
    func plug(faults: FaultPlan = FaultPlan()) async throws -> (PluggedDevice, Gadget) {
        let made = LoopConfined<Gadget?>(on: simulation.loop, nil)
        let plugged = try await bus.plug(faults: faults) { port in
            let gadget = Gadget(port: port)
            made.value = gadget
            return gadget
        }
        guard let gadget = made.value else { throw Surprise("no gadget was made") }
        return (plugged, gadget)
    }

    /// Plugs in a gadget and opens it.
    func open(
        faults: FaultPlan = FaultPlan()
    ) async throws -> (plug: PluggedDevice, gadget: Gadget, file: DeviceFile) {
        let (plug, gadget) = try await plug(faults: faults)
        return (plug, gadget, try await interfaces.open(.gadget))
    }

    /// Lets everything that is ready run, in virtual time that hardly moves.
    func settle() async { await clock.wait(for: .milliseconds(1)) }

    /// Starts a client's task, and returns a way to get what it came to.
    func client<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) -> Task<Result<Value, DeviceError>, Never> {
        Task(executorPreference: executor) {
            do { return .success(try await body()) } catch {
                return .failure(error as? DeviceError ?? DeviceError(.failed, "\(error)"))
            }
        }
    }

    func end() async {
        await plugAndPlay.stop()
        Script.forget(simulation.loop)
    }
}

/// What went wrong in a simulated body: thrown, so that the seed is named.
struct Surprise: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Throws unless `condition`; the seed is then named.
func check(_ condition: Bool, _ text: @autoclosure () -> String) throws {
    if !condition { throw Surprise(text()) }
}

/// Throws unless the two are equal.
func same<Value: Equatable>(
    _ found: Value, _ expected: Value, _ what: String, line: Int = #line
) throws {
    if found != expected {
        throw Surprise("line \(line): \(what): found \(found), expected \(expected)")
    }
}

/// The code of the `DeviceError` that `body` throws; `nil` when it returns.
func code<Value>(of body: () async throws -> Value) async -> DeviceError.Code? {
    do {
        _ = try await body()
        return nil
    } catch { return (error as? DeviceError)?.code }
}

/// Runs `body` with a bench of its own for each seed.
func onBench(
    seeds: Range<UInt64> = 0..<16, _ script: Script = Script(),
    drivers: [any FunctionDriver.Type] = [ScriptedDriver.self],
    filters: [FilterPlacement] = [], options: PlugAndPlay.Options = PlugAndPlay.Options(),
    _ body: @escaping @Sendable (Bench) async throws -> Void
) throws {
    try Simulation.seeds(seeds) { simulation in
        let bench = try await Bench(
            simulation, script, drivers: drivers, filters: filters, options: options)
        try await body(bench)
        await bench.end()
    }
}
