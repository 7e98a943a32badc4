import DriverRuntime
import DriverSimulation
import Testing

/// An actor of a scope, as drivers are.
private actor Account {
    private let scope: Scope
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe scope.asUnownedSerialExecutor()
    }
    private(set) var balance = 100

    init(in scope: Scope) { self.scope = scope }

    /// The classic mistake: what was checked before the `await` may be untrue after it.
    func withdraw(_ amount: Int, asking bank: Account) async {
        guard balance >= amount else { return }
        _ = await bank.balance
        balance -= amount
    }
}

/// Lets two tasks withdraw at once; `true` when the account was overdrawn.
private func overdraws(_ simulation: Simulation) async -> Bool {
    let account = Account(in: simulation.scope(named: "account"))
    let bank = Account(in: simulation.scope(named: "bank"))
    let tasks = ["left", "right"].map { name in
        simulation.scope(named: name).task { await account.withdraw(80, asking: bank) }
    }
    for task in tasks { await task.value }
    return await account.balance < 0
}

@Suite struct SimulationTests {
    @Test("time jumps to the next deadline, exactly")
    func virtualTime() throws {
        let outcome = try Simulation.run(seed: 1) { simulation in
            await simulation.clock.wait(for: .seconds(600))
            return simulation.clock.now
        }
        #expect(outcome.value == Instant(nanoseconds: 600_000_000_000))
        #expect(outcome.duration == .seconds(600))
    }

    @Test("seeds find a check that an await made stale, and find it again")
    func findsRace() throws {
        var found: [UInt64] = []
        for seed in 0..<500 as Range<UInt64> {
            if try Simulation.run(seed: seed, overdraws).value { found.append(seed) }
        }
        #expect(found.count > 25 && found.count < 475)
        #expect(!found.isEmpty)
        for seed in found { #expect(try Simulation.run(seed: seed, overdraws).value) }
    }
}

@Suite struct StrayTaskTests {
    @Test("an ordinary task in a simulation runs there and fails the run")
    func ordinaryTask() throws {
        #expect(Simulation.catchesStrayTasks)
        let error = #expect(throws: SimulationError.self) {
            try Simulation.run(seed: 1) { simulation in
                let thread = simulation.loop
                await Task { #expect(thread.isOnLoop) }.value
            }
        }
        guard case .strayTask = error?.reason else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("a sleep in a simulation fails the run")
    func sleep() throws {
        let error = #expect(throws: SimulationError.self) {
            try Simulation.run(seed: 1) { _ in try await Task.sleep(for: .seconds(3600)) }
        }
        guard case .strayTask = error?.reason else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
