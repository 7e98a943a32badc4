import DriverRuntime
import Testing

/// Waits for nothing; its time is what the test makes of it.
///
/// Sendable because it is touched on the test's thread alone.
private final class Hand: Waiter, @unchecked Sendable {
    var now = Instant(nanoseconds: 1)
    func wait(until deadline: Instant?) {}
    func wake() {}
    func move(_ milliseconds: Int) { now = now.advanced(by: .milliseconds(milliseconds)) }
}

@Suite struct HoldsTests {
    @Test("VF-14: code that keeps the loop longer than the limit is told with its time and scope")
    func reports() {
        let hand = Hand()
        let loop = EventLoop(name: "held", waiter: hand)
        let scope = Scope(on: loop, name: "toaster")
        let reports = LoopConfined<[String]>(on: loop, [])
        loop.execute {
            loop.reportHolds(longerThan: .milliseconds(10)) { reports.value.append("\($1) \($0)") }
        }
        loop.execute { hand.move(10) }
        loop.execute { hand.move(11) }
        scope.task { hand.move(12) }
        loop.execute { scope.perform { hand.move(3) } }
        loop.execute { hand.move(2) }
        var told: [String] = []
        loop.execute { scope.perform { hand.move(13) } }
        var turns = 0
        loop.run {
            turns += 1
            told = reports.value
            return turns > 3
        }
        #expect(
            told == [
                "held 0.011 seconds", "toaster 0.012 seconds", "toaster 0.013 seconds",
                "held 0.013 seconds",
            ])
    }
}
