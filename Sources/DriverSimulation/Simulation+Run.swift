package import DriverRuntime

extension Simulation {
    /// What a run came to.
    public struct Outcome<Value: Sendable>: Sendable {
        /// What the body returned.
        public let value: Value
        /// The seed that it follows from.
        public let seed: UInt64
        /// A hash over every choice, every move of time and every line logged.
        public let trace: UInt64
        /// The lines logged, each with the virtual time before it.
        public let lines: [String]
        /// How many entries ran and turns were made.
        public let steps: Int
        /// How much virtual time passed.
        public let duration: Duration
        /// How often each mark was reached.
        package let marks: [Mark: Int]
    }

    /// Runs `body` as a task on a scope of a new simulation's loop, on the calling thread, until it
    /// has returned and nothing is ready any more; then returns what it came to.
    ///
    /// Threading: any thread that may be held up for the real time that the run takes.
    /// - Throws: ``SimulationError``: the body threw, waits for what nobody will bring, ran into a
    ///   limit, or started a task that is not the simulation's.
    public static func run<Value: Sendable>(
        seed: UInt64, options: Options = Options(),
        _ body: @escaping @Sendable (Simulation) async throws -> Value
    ) throws(SimulationError) -> Outcome<Value> {
        let simulation = Simulation(seed: seed, options: options)
        return try StrayTasks.belonging(to: simulation) { () throws(SimulationError) in
            try simulation.run(planted: options.planted, body)
        }
    }

    private func run<Value: Sendable>(
        planted: Set<PlantedFault>, _ body: @escaping @Sendable (Simulation) async throws -> Value
    ) throws(SimulationError) -> Outcome<Value> {
        let result = LoopConfined<Result<Value, any Error>?>(on: loop, nil)
        let probes = Probes(on: loop, planted: planted)
        loop.execute { [self] in
            loop.probes = probes
            scope(named: "body").task { [self] in
                do {
                    let value = try await body(self)
                    result.value = .success(value)
                } catch {
                    result.value = .failure(error)
                }
            }
        }
        var reason: SimulationError.Reason?
        var value: Value?
        var recent: [String] = []
        var marks: [Mark: Int] = [:]
        loop.run {
            guard machine.halt != nil || (result.value != nil && loop.isDrained) else {
                return false
            }
            reason = reasonOfFailure(result.value)
            if case .success(let success) = result.value { value = success }
            recent = self.recent()
            marks = probes.counts
            // Whatever is still armed or planted would keep the loop alive.
            loop.dropDeadlines()
            loop.probes = nil
            return true
        }
        machine.end()
        guard reason == nil, let value else {
            throw SimulationError(reason ?? .stuck, of: self, recent: recent)
        }
        return Outcome(
            value: value, seed: seed, trace: machine.trace.hash, lines: machine.trace.lines,
            steps: machine.steps, duration: .nanoseconds(Int64(clamping: loop.now.nanoseconds)),
            marks: marks)
    }

    /// A stray task first, since whatever else went wrong may come of it.
    private func reasonOfFailure<Value>(
        _ result: Result<Value, any Error>?
    ) -> SimulationError.Reason? {
        if let stray = strays().first { return .strayTask(stray) }
        switch machine.halt {
        case .nothingReady: return .stuck
        case .timeLimit: return .timeLimit
        case .stepLimit: return .stepLimit
        case nil: break
        }
        if case .failure(let error) = result { return .body(error) }
        return nil
    }
}
