import DriverRuntime
import DriverSimulation
import Testing

@Suite("Simulation: what a run does") struct SimulationTests {
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
        for seed in found { #expect(try Simulation.run(seed: seed, overdraws).value) }
    }

    @Test("seeds stop at the first that fails, and say how to replay it")
    func seedsStop() throws {
        let error = #expect(throws: SimulationError.self) {
            try Simulation.seeds(0..<500) { simulation in
                simulation.log("opened")
                if await overdraws(simulation) { throw Overdrawn() }
            }
        }
        let seed = try #require(error?.seed)
        #expect(error?.replay == "SIMULATION_SEED=\(seed)")
        #expect("\(try #require(error))".contains("0.000000000  opened"))
        try Simulation.seeds(0..<seed) { simulation in
            if await overdraws(simulation) { throw Overdrawn() }
        }
        guard case .body(let cause) = error?.reason else { throw try #require(error) }
        #expect(cause is Overdrawn)
    }

    @Test("what was posted together runs in every order, what shares a lane in its own")
    func orders() throws {
        var orders: Set<[Int]> = []
        for seed in 0..<2000 as Range<UInt64> {
            let order = try Simulation.run(seed: seed) { simulation in
                let order = LoopConfined(on: simulation.loop, [Int]())
                for name in 0..<3 {
                    let scope = simulation.scope(named: "\(name)")
                    scope.task { order.value.append(2 * name) }
                    scope.task { order.value.append(2 * name + 1) }
                }
                await simulation.clock.wait(for: .seconds(1))
                return order.value
            }.value
            for name in 0..<3 {
                #expect(order.firstIndex(of: 2 * name)! < order.firstIndex(of: 2 * name + 1)!)
            }
            orders.insert(order)
        }
        // 6! / 2!³ keep the lanes' own order.
        #expect(orders.count == 90)
    }

    @Test("deadlines of one instant fire in the order of their arming, under every seed")
    func deadlinesAreFIFO() throws {
        try Simulation.seeds(0..<50) { simulation in
            let fired = LoopConfined(on: simulation.loop, [Int]())
            let deadlines = (0..<20).map { number in
                Deadline(on: simulation.loop) { fired.value.append(number) }
            }
            for deadline in deadlines { deadline.arm(after: .milliseconds(5)) }
            await simulation.clock.wait(for: .seconds(1))
            try #require(fired.value == Array(0..<20))
        }
    }

    @Test("on a slow machine a deadline may overtake work that is ready, else never")
    func slowMachine() throws {
        func overtakings(_ longestStep: Duration) throws -> Int {
            var options = Simulation.Options()
            options.longestStep = longestStep
            var count = 0
            for seed in 0..<200 as Range<UInt64> {
                count += try Simulation.run(seed: seed, options: options, overtakes).value ? 1 : 0
            }
            return count
        }
        #expect(try overtakings(.zero) == 0)
        let count = try overtakings(.microseconds(20))
        #expect(count > 5 && count < 195)
    }

    @Test("marks are counted and planted faults confirmed, in simulations alone")
    func probes() throws {
        var options = Simulation.Options()
        options.planted = [.lostWord]
        let survey = try Simulation.seeds(0..<10, options: options) { simulation in
            try #require(simulation.loop.isPlanted(.lostWord))
            try #require(!simulation.loop.isPlanted(.lostLetter))
            if simulation.random.next(below: 2) == 0 { simulation.loop.reach(.even) }
        }
        #expect(survey.marks[.even, default: 0] > 0)
        #expect(survey.marks[.even, default: 0] < 10)
        #expect(survey.unreached(among: [.even, .odd]) == [.odd])
        let loop = EventLoop(name: "real", waiter: PollWaiter())
        loop.run {
            #expect(!loop.isPlanted(.lostWord))
            loop.reach(.even)
            return true
        }
    }

    @Test("nothing of a run is left when it is over")
    func leavesNothing() throws {
        weak var loop: EventLoop?
        weak var scope: Scope?
        (loop, scope) = try Simulation.run(seed: 1) { simulation in
            let scope = simulation.scope(named: "left behind")
            let deadline = Deadline(on: simulation.loop) { _ = scope.name }
            deadline.arm(after: .seconds(1))
            return (simulation.loop, scope)
        }.value
        #expect(loop == nil)
        #expect(scope == nil)
    }

    @Test("a trivial run is cheap: few steps, and a rate to look at")
    func rate() throws {
        let clock = ContinuousClock()
        let start = clock.now
        let survey = try Simulation.seeds(0..<10_000) { _ in }
        print("10,000 trivial simulations took \(start.duration(to: clock.now))")
        #expect(survey.runs == 10_000 || Simulation.leavesSeedsOut)
        #expect(survey.steps <= 100_000)
    }
}

extension Mark {
    fileprivate static let even = Mark("an even number was drawn")
    fileprivate static let odd = Mark("an odd number was drawn")
}

extension PlantedFault {
    fileprivate static let lostWord = PlantedFault("a word is lost")
    fileprivate static let lostLetter = PlantedFault("a letter is lost")
}

/// Whether a deadline 100 µs away fires before ten steps of work that is always ready are done.
@Sendable private func overtakes(_ simulation: Simulation) async -> Bool {
    let isFirst = LoopConfined(on: simulation.loop, false)
    let left = LoopConfined(on: simulation.loop, 10)
    let deadline = Deadline(on: simulation.loop) { isFirst.value = left.value > 0 }
    deadline.arm(after: .microseconds(100))
    @Sendable func step() {
        left.value -= 1
        if left.value > 0 { simulation.loop.execute(step) }
    }
    simulation.loop.execute(step)
    await simulation.clock.wait(for: .seconds(1))
    return isFirst.value
}
