import BusConformance
import DriverRuntime
import DriverSimulation
import Testing
import USBBus

@Suite struct VirtualBusConformanceTests {
    @Test("each clause of the bus's contract, in real time", arguments: ConformanceSuite.cases)
    func realTime(test: ConformanceCase) async {
        let verdict = await ConformanceSuite.run(test, on: VirtualBench())
        tell(verdict, of: test, on: "virtual")
        #expect(verdict == .passed, "\(test.sentence)")
    }

    @Test("each clause in many orders of what may overlap", arguments: ConformanceSuite.cases)
    func simulated(test: ConformanceCase) throws {
        try Simulation.seeds(0..<30) { simulation in
            let verdict = await ConformanceSuite.run(test, on: VirtualBench(on: simulation.loop))
            if verdict != .passed { tell(verdict, of: test, on: "simulated") }
            try #require(verdict == .passed, "\(test.sentence)")
        }
        tell(.passed, of: test, on: "simulated")
    }

    /// A line for the table of clauses and tiers (`Tests/conformance-table`).
    private func tell(_ verdict: ConformanceVerdict, of test: ConformanceCase, on tier: String) {
        switch verdict {
        case .passed: print("\(tier): case \(test.id) pass")
        case .failed(let reason): print("\(tier): case \(test.id) fail \(reason)")
        case .notApplicable(let reason): print("\(tier): case \(test.id) n/a \(reason)")
        }
    }

    @Test(
        "each clause when code takes time and deadlines overtake", arguments: ConformanceSuite.cases
    )
    func slow(test: ConformanceCase) throws {
        var options = Simulation.Options()
        options.longestStep = .microseconds(100)
        try Simulation.seeds(1000..<1020, options: options) { simulation in
            let verdict = await ConformanceSuite.run(test, on: VirtualBench(on: simulation.loop))
            try #require(verdict == .passed, "\(test.sentence)")
        }
    }

    @Test("the suite has a case for every clause, each under a name of its own")
    func names() {
        let ids = ConformanceSuite.cases.map(\.id)
        #expect(ids.count >= 35)
        #expect(Set(ids).count == ids.count)
    }

    @Test("a broken device is found out: the suite can fail")
    func failure() async {
        let verdict = await ConformanceSuite.run(
            ConformanceSuite.cases[0], on: EmptyBench())
        guard case .failed(let text) = verdict else {
            Issue.record("An empty bench passed.")
            return
        }
        #expect(text.contains("in vain for the arrival"))
    }
}

/// A tier that never plugs anything in.
private final class EmptyBench: ConformanceBench {
    let name = "empty"
    let patience = Duration.milliseconds(5)
    func makeBus() async throws(ConformanceFailure) -> any USBBus {
        try await VirtualBench().makeBus()
    }
    func plug() async throws(ConformanceFailure) {}
    func unplug(_ kind: ConformanceUnplug) async throws(ConformanceFailure) {}
}
