import DriverRuntime
import Testing

@Suite struct ContractTests {
    @Test("VF-3: a broken contract ends the process, saying rule, remedy, file and line")
    func report() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            contract(true, "not this")
            contract(1 + 1 == 3, "Q-99: two and two were added: subtract them", line: 4711)
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("Q-99: two and two were added: subtract them"))
        #expect(text.contains("ContractTests.swift:4711"))
        #expect(!text.contains("not this"))
    }
}
