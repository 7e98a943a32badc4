import DriverFoundation
import DriverSimulation
import SampleHost
import Testing
import VirtualUSB

@testable import keyboard

/// The whole program, in virtual time.
@Suite struct KeyboardStoryTests {
    private func story(
        expected: String?, timeout: Duration?, seed: UInt64 = 1
    ) throws -> (isTyped: Bool, lines: [String]) {
        let lines = Notes<String>()
        let outcome = try Simulation.run(seed: seed) { simulation in
            let loop = simulation.loop
            let narrator = Narrator(
                on: Terminal(isInteractive: false) { lines.add($0) }, now: { loop.now })
            let typing = Typing(narrator, expected: expected)
            let isTyped = try await typing.runEmbedded(timeout: timeout, on: VirtualBus(on: loop))
            typing.summarise()
            return isTyped
        }
        return (outcome.value, lines.all)
    }

    @Test("the sentence is typed, Caps Lock included, whatever the order of what happens at once")
    func sentence() throws {
        for seed in UInt64(0)..<50 {
            let (isTyped, lines) = try story(
                expected: Typing.sentence, timeout: .seconds(30), seed: seed)
            try #require(isTyped, "seed \(seed)")
            try #require(lines.contains("lights: changed 2 times\n"), "seed \(seed): \(lines)")
            try #require(lines.last?.hasSuffix("each with its pair\n") == true, "seed \(seed)")
        }
    }

    @Test("a character that was not expected ends it, and both are named")
    func otherCharacter() throws {
        let (isTyped, lines) = try story(expected: "Hellp", timeout: nil)
        #expect(!isTyped)
        #expect(lines.contains { $0.contains("typed o  Hello") })
        #expect(lines.contains { $0.contains("but “p” was expected") })
    }

    @Test("a text that does not come in time ends it")
    func timeout() throws {
        let (isTyped, lines) = try story(expected: Typing.sentence, timeout: .seconds(1))
        #expect(!isTyped)
        #expect(lines.contains { $0.contains("time is up: not all was typed") })
    }
}
