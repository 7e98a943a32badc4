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

    @Test(
        "PNP-12, PNP-15, WAKE-6: a mistake in one row of the tables is found",
        arguments: [
            "pnp preparingHardware prepareFailed: without callReleaseHardware",
            "pnp started surpriseRemove: deleted",
            "pnp started powerDownFailed: without reportFailed",
            "power off implicitD0: without referenceParent",
            "power startingSelfManagedIO selfManagedIOStarted: without reportPoweredUp",
            "policy asleep(Sleep(isArmed:false,staysIdle:false,woke:false)) "
                + "resume(powersIdle:false): deleted",
            "policy d0 systemSleep(wakes:false): deleted",
            "idle timerRunning expired: without reportTimeout",
        ])
    func mistakes(name: String) throws {
        let tables = Tables()
        let rows = tables.rows.indices.filter { name.hasPrefix(tables.place(of: $0).name + ":") }
        let mutants = Mutant.all(of: tables) { rows.contains($0) }
        let mutant = try #require(mutants.first { $0.name(in: tables) == name })
        var exploration = Exploration(tables.mutated(by: mutant))
        exploration.run(from: Life(outside: 1, failures: 1), most: 1)
        #expect(!exploration.findings.isEmpty)
    }
}
