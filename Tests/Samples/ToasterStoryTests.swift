import DriverFoundation
import DriverSimulation
import SampleHost
import Testing
import VirtualUSB

@testable import toaster

/// The whole program, in virtual time.
@Suite struct ToasterStoryTests {
    private func tell(seed: UInt64) throws -> [String] {
        let lines = Notes<String>()
        _ = try Simulation.run(seed: seed) { simulation in
            let loop = simulation.loop
            let narrator = Narrator(
                on: Terminal(isInteractive: false) { lines.add($0) }, now: { loop.now })
            try await EmbeddedToaster(narrator: narrator, bus: VirtualBus(on: loop)).run()
        }
        return lines.all
    }

    @Test("the toaster's story ends well, whatever the order of what happens at once")
    func everySeed() throws {
        for seed in UInt64(0)..<200 {
            let lines = try tell(seed: seed)
            try #require(
                lines.contains("slices: 2 toasted, 1 lost\n"), "seed \(seed): \(lines)")
            try #require(
                lines.last == "callbacks: 24, each returned, each with its pair\n", "seed \(seed)")
        }
    }

    @Test("PNP-8: whoever waits for toast when the plug is pulled is told that the device is gone")
    func surpriseRemoval() throws {
        let lines = try tell(seed: 1)
        let pull = try #require(lines.firstIndex { $0.contains("pulls the plug") })
        let told = try #require(
            lines.firstIndex { $0.contains("is told: The device was removed.") })
        #expect(pull < told)
        let after = lines[pull...].prefix { !$0.contains("plugs it in again") }
        let callbacks = after.filter { $0.contains("returned") }.compactMap { line in
            line.split(separator: " ").dropFirst(2).first.map(String.init)
        }
        #expect(callbacks == ["surpriseRemoval", "exitD0", "releaseHardware"])
    }

    @Test("the same seed tells the same story, to the millisecond")
    func replay() throws {
        #expect(try tell(seed: 7) == tell(seed: 7))
    }
}
