import DriverFoundation
import MachineModel
import Testing

/// A small part of what `Tests/run machines` does: one event from outside beside start, removal
/// and departure, and one failure.
@Suite struct CompositionTests {
    private static let explored: Exploration = {
        var exploration = Exploration(Tables())
        exploration.run(from: Life(outside: 1, failures: 1))
        return exploration
    }()

    @Test("PNP-1, PNP-2, PNP-6, PNP-8, PNP-13, WAKE-6: in every order of events, rules are kept")
    func everyOrder() {
        let explored = Self.explored
        #expect(explored.findings.map(\.description) == [])
        #expect(explored.states > 20_000)
        #expect(explored.ends > 10)
    }

    @Test("ENG-6: however a device ends, it ends: no run goes round for ever")
    func everyRunEnds() {
        #expect(!Endlessness.isPossible(in: Tables(), from: Life(outside: 1, failures: 0)))
    }

    /// What is broken by one changed row, found by the rule that speaks of it.
    static let mistakes: [(String, Rule)] = [
        ("power enteringD0(start) d0EntryFailed: to exitingD0(undo,failed:true)", .deadEnd),
        ("power disablingInterrupts(undo,failed:true) interruptsDisabled: without "
            + "callExitD0(to:d3Final)", .deadEnd),
        ("pnp preparingHardware prepareFailed: without callReleaseHardware", .deadEnd),
        ("pnp started surpriseRemove: deleted", .forbidden),
        ("policy poweringDown(sleep,isArmed:false,returns:false) poweredDown: without "
            + "acknowledgeSleep", .unanswered),
        ("pnp removingChildren childrenRemoved: releaseD0 before stopPolicy(removal)", .deadEnd),
    ]
}
