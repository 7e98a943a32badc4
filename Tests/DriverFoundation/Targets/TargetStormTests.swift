import DriverSimulation
import Testing

@testable import DriverFoundation

@Suite struct TargetStormTests {
    @Test("T-3, T-4, T-9, T-13: sends and state changes at random: each ends once, as it was sent")
    func storms() throws {
        let survey = try TargetStorm.run(0..<400)
        if Simulation.leavesSeedsOut { return }
        #expect(survey.unreached(among: Mark.targets) == [])
        #expect(survey.distinctTraces > 300)
    }

    @Test(
        "storms of targets find every planted mistake", .disabled(if: Simulation.leavesSeedsOut),
        arguments: PlantedFault.targets.map(\.name))
    func planted(_ name: String) throws {
        #expect(throws: SimulationError.self) {
            _ = try TargetStorm.run(0..<400, planted: [PlantedFault(name)])
        }
    }
}
