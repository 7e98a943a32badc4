import StormModel
import Testing

@Suite struct StormTests {
    @Test("a storm of plugs, requests, cancellations and unplugs leaves nothing behind")
    func storm() throws {
        for seed in UInt64(0)..<200 {
            let outcome = try Storm.run(seed: seed)
            let again = try Storm.run(seed: seed)
            #expect(outcome.trace == again.trace)
        }
    }
}
