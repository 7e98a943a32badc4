import DriverRuntime
import Testing

private actor Counter {
    private let scope: Scope
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe scope.asUnownedSerialExecutor()
    }
    private(set) var count = 0

    init(in scope: Scope) { self.scope = scope }

    func add() -> Bool {
        count += 1
        return scope.isCurrent
    }
}

@Suite struct EventLoopTests {
    @Test("S-5: an actor on a scope runs on the scope's loop, whoever calls it")
    func actorRunsInItsScope() async {
        let loop = EventLoop(name: "test", waiter: PollWaiter())
        loop.start()
        let counter = Counter(in: Scope(on: loop, name: "counter"))
        for _ in 0..<100 { #expect(await counter.add()) }
        #expect(await counter.count == 100)
        loop.stop()
    }

    @Test("a wait ends when its time has come, and at once when its task is cancelled")
    func clockWaits() async {
        let loop = EventLoop(name: "test", waiter: PollWaiter())
        loop.start()
        let clock = LoopClock(loop)
        let start = clock.now
        #expect(await clock.wait(for: .milliseconds(5)))
        #expect(start.duration(to: clock.now) >= .milliseconds(5))
        let task = Task { await clock.wait(for: .seconds(3600)) }
        task.cancel()
        #expect(await task.value == false)
        loop.stop()
    }
}
