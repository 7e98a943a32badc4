public import DriverRuntime

/// One run of asynchronous code from a seed: everything on the calling thread, in virtual time, in
/// an order that the seed chooses.
///
/// The runtime under it is the real one, with a machine of its own: when nothing is ready, time
/// jumps to the next deadline; when several scopes are, the seed says which goes on. Two runs of a
/// seed are alike to the last choice, in every process, so a seed that fails can be looked at for
/// as long as it takes.
///
/// What would break that is found out: an ordinary `Task { }` fails the run, a `Task.sleep` leaves
/// it stuck, another thread that hands work to the loop traps. What the runtime cannot see is the
/// body's to avoid: the order of `Set` and `Dictionary`, the wall clock, addresses.
///
/// Threading: every member is for code that runs in the simulation.
public final class Simulation: Sendable {
    /// What a run may take, and how the machine behaves.
    public struct Options: Sendable {
        /// How far virtual time may move.
        public var timeLimit: Duration = .seconds(3600)
        /// How many entries may run and turns may be made.
        public var stepLimit = 1_000_000
        /// The longest time that one step takes: each takes up to it, as the seed chooses. At zero,
        /// code takes no time and a deadline never overtakes work that is ready; above, it may, as
        /// it does on a slow machine.
        public var longestStep: Duration = .zero
        /// The mistakes that the framework's code is to make.
        package var planted: Set<PlantedFault> = []

        /// The usual limits.
        public init() {}
    }

    /// What everything in this run follows from.
    public let seed: UInt64
    /// The loop on which everything of the run happens.
    public let loop: EventLoop
    /// The loop's clock: virtual time, from zero.
    public var clock: LoopClock { LoopClock(loop) }

    /// Whether ordinary tasks and sleeps are caught. If not, because this Swift runtime lacks the
    /// hooks, such a task runs on the global pool and traps when it comes back.
    public static var catchesStrayTasks: Bool { StrayTasks.areCaught }

    let machine: SimulatedMachine
    let strayScope: Scope
    private let state: LoopConfined<State>

    private struct State {
        var random: SeededGenerator
        var strays: [String] = []
        var scopeNames: [UInt64: String] = [:]
    }

    init(seed: UInt64, options: Options) {
        self.seed = seed
        machine = SimulatedMachine(seed: seed, options: options)
        loop = EventLoop(name: "simulation", waiter: machine, chooser: machine)
        strayScope = Scope(on: loop, name: "stray tasks")
        state = LoopConfined(on: loop, State(random: SeededGenerator(seed: seed)))
    }

    /// Random numbers for the body, from the seed. Which runs next is drawn elsewhere: drawing here
    /// does not change it.
    public var random: SeededGenerator {
        get { state.value.random }
        set { state.value.random = newValue }
    }

    /// Makes a scope on the loop; reports call it `name`.
    public func scope(named name: String) -> Scope {
        let scope = Scope(on: loop, name: name)
        state.value.scopeNames[scope.ordinal] = name
        return scope
    }

    /// Adds a line to the trace, with the virtual time before it.
    public func log(_ text: @autoclosure () -> String) { machine.log(text()) }

    /// The lines logged so far.
    public var lines: [String] { machine.trace.lines }

    // MARK: For the parts of a run

    func addStray(_ text: String) {
        let scope = loop.currentScope?.name ?? "no scope"
        state.value.strays.append("\(text), from \(scope) at \(loop.now.text) s")
    }

    /// On the loop, once the run is over.
    func strays() -> [String] { state.value.strays }

    /// On the loop: the names of what ran last, newest last.
    func recent() -> [String] {
        machine.recentLanes.map { lane in
            lane == 0 ? "posted work" : state.value.scopeNames[lane] ?? "lane \(lane)"
        }
    }
}
