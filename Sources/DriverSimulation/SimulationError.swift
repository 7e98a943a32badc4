public import DriverRuntime

/// Why a simulated run failed, and how to see it again.
public struct SimulationError: Error, CustomStringConvertible {
    /// What went wrong.
    public enum Reason: Sendable {
        /// The body has not returned, nothing is ready, and no deadline is armed: it waits for what
        /// nobody will bring, or for something outside the simulation, such as `Task.sleep`.
        case stuck
        /// Virtual time would have moved past ``Simulation/Options/timeLimit``.
        case timeLimit
        /// More was run than ``Simulation/Options/stepLimit`` allows.
        case stepLimit
        /// A task was started or resumed that does not belong to the simulation; the text says what
        /// and where from.
        case strayTask(String)
        /// The body threw.
        case body(any Error)
    }

    /// What went wrong.
    public let reason: Reason
    /// The seed that shows it.
    public let seed: UInt64
    /// The virtual time at the end.
    public let instant: Instant
    /// How many entries ran and turns were made.
    public let steps: Int
    /// A hash over every choice, every move of time and every line logged.
    public let trace: UInt64
    /// The lines logged, each with the virtual time before it.
    public let lines: [String]
    /// The names of the scopes that ran last, newest last.
    public let recent: [String]

    init(_ reason: Reason, of simulation: Simulation, recent: [String]) {
        self.reason = reason
        self.recent = recent
        seed = simulation.seed
        instant = simulation.loop.now
        steps = simulation.machine.steps
        trace = simulation.machine.trace.hash
        lines = simulation.machine.trace.lines
    }

    /// The setting of the environment with which ``Simulation/seeds(_:options:_:)`` runs this seed
    /// alone.
    public var replay: String { "\(Simulation.seedVariable)=\(seed)" }

    /// What went wrong, when, what ran before, the last lines of the log, and how to run it again.
    public var description: String {
        var text = "seed \(seed): \(sentence), at \(instant.text) s, after \(steps) steps"
        if !recent.isEmpty { text += "; last ran: " + recent.joined(separator: ", ") }
        for line in lines.suffix(20) { text += "\n  " + line }
        return text + "\n  replay with " + replay
    }

    private var sentence: String {
        switch reason {
        case .stuck:
            "the body waits, but nothing is ready and no deadline is armed: nobody will bring it, "
                + "or what should is not the simulation's (a sleep, another thread)"
        case .timeLimit:
            "the body has not returned within the limit of virtual time"
        case .stepLimit:
            "the body has not returned within the limit of steps"
        case .strayTask(let text):
            "\(text): start tasks with `device.task { }` or `scope.task { }`, and wait with the "
                + "loop's clock"
        case .body(let error):
            "the body threw \(error)"
        }
    }
}
