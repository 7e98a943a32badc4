import DriverRuntime
import DriverSimulation
import Testing

@Suite("Simulation: what it finds wrong") struct SimulationFailureTests {
    private func failure(
        _ options: Simulation.Options = .init(),
        _ body: @escaping @Sendable (Simulation) async throws -> Void
    ) throws -> SimulationError {
        try #require(
            throws: SimulationError.self
        ) { try Simulation.run(seed: 1, options: options, body) }
    }

    @Test("a wait that nobody ends is found at once, with what ran before")
    func stuck() throws {
        let error = try failure { simulation in
            simulation.log("waiting for the answer")
            _ = await Resumption<Void>.wait { _ in }
        }
        guard case .stuck = error.reason else { throw error }
        #expect("\(error)".contains("waiting for the answer"))
        #expect("\(error)".contains("last ran: posted work, body"))
    }

    @Test("a run past the limit of time fails, however many deadlines there are")
    func timeLimit() throws {
        let error = try failure { simulation in
            while true { await simulation.clock.wait(for: .seconds(60)) }
        }
        guard case .timeLimit = error.reason else { throw error }
        #expect(error.instant == Instant(nanoseconds: 3_600_000_000_000))
    }

    @Test("tasks that ready each other for ever run into the limit of steps")
    func stepLimit() throws {
        var options = Simulation.Options()
        options.stepLimit = 1000
        let error = try failure(options) { simulation in
            while true { await simulation.clock.wait(for: .zero) }
        }
        guard case .stepLimit = error.reason else { throw error }
        #expect(error.steps >= 1000)
    }

    @Test("a deadline that arms itself for now runs into the limit of steps")
    func deadlinesForEver() throws {
        var options = Simulation.Options()
        options.stepLimit = 1000
        let error = try failure(options) { simulation in
            let again = LoopConfined<Deadline?>(on: simulation.loop, nil)
            again.value = Deadline(on: simulation.loop) { again.value?.arm(after: .zero) }
            again.value?.arm(after: .zero)
            _ = await Resumption<Void>.wait { _ in }
        }
        guard case .stepLimit = error.reason else { throw error }
    }

    @Test("an ordinary task in a simulation runs there and fails the run, saying what to do")
    func ordinaryTask() throws {
        #expect(Simulation.catchesStrayTasks)
        let error = try failure { simulation in
            let loop = simulation.loop
            let isThere = await Task { loop.isOnLoop }.value
            try #require(isThere)
        }
        guard case .strayTask = error.reason else { throw error }
        #expect("\(error)".contains("device.task { }"))
        #expect("\(error)".contains("from body at 0.000000000 s"))
    }

    @Test("a sleep leaves the run stuck")
    func sleep() throws {
        let error = try failure { _ in try await Task.sleep(for: .seconds(3600)) }
        guard case .stuck = error.reason else { throw error }
        #expect("\(error)".contains("a sleep"))
    }

    @Test("work that comes from another thread after the run does no harm")
    func late() async throws {
        let loop = try Simulation.run(seed: 1) { $0.loop }.value
        let side = SideThread(name: "late")
        await side.run { loop.execute { Issue.record("ran") } }
        side.stop()
    }

    @Test("work from another thread traps in a simulation")
    func foreign() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            let side = SideThread(name: "other")
            var options = Simulation.Options()
            options.stepLimit = .max
            _ = try Simulation.run(seed: 1, options: options) { simulation in
                let loop = simulation.loop
                side.perform { loop.execute {} }
                while true { await simulation.clock.wait(for: .zero) }
            }
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("came from another thread"))
    }

    @Test("simulations run beside ordinary asynchronous code, each on its own thread")
    func beside() async throws {
        let found = try await withThrowingTaskGroup(of: Int.self) { group in
            for part in 0..<8 as Range<UInt64> {
                group.addTask {
                    var found = 0
                    for seed in part * 25..<(part + 1) * 25 {
                        found += try Simulation.run(seed: seed, overdraws).value ? 1 : 0
                        await Task.yield()
                        _ = await Task { seed }.value
                    }
                    return found
                }
            }
            return try await group.reduce(0, +)
        }
        var expected = 0
        for seed in 0..<200 as Range<UInt64> {
            expected += try Simulation.run(seed: seed, overdraws).value ? 1 : 0
        }
        #expect(found == expected)
    }
}
