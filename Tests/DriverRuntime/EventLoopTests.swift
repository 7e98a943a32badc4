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
        let loop = EventLoop.started()
        let counter = Counter(in: Scope(on: loop, name: "counter"))
        for _ in 0..<100 { #expect(await counter.add()) }
        #expect(await counter.count == 100)
        loop.stop()
    }

    @Test("a wait ends when its time has come, and at once when its task is cancelled")
    func clockWaits() async {
        let loop = EventLoop.started()
        let clock = LoopClock(loop)
        let start = clock.now
        #expect(await clock.wait(for: .milliseconds(5)))
        #expect(start.duration(to: clock.now) >= .milliseconds(5))
        let task = Task { await clock.wait(for: .seconds(3600)) }
        task.cancel()
        #expect(await task.value == false)
        // Neither left a deadline behind.
        #expect(await loop.value { loop.armedDeadlines } == 0)
        loop.stop()
    }

    @Test("a wait on the clock of a stopped loop ends at once, untimely")
    func waitAfterStop() async {
        let loop = EventLoop.started()
        loop.stop()
        await loop.ended()
        #expect(await LoopClock(loop).wait(for: .seconds(3600)) == false)
        await loop.ended()
    }

    @Test("a run ends in the turn in which it is done, without waiting for more")
    func runEndsAtOnce() {
        let loop = EventLoop(name: "test", waiter: PollWaiter())
        let ran = Tally()
        loop.execute { ran.add() }
        // Nothing would ever end a wait.
        loop.run { ran.value == 1 }
        #expect(ran.value == 1)
    }

    @Test("work runs in the order in which it was handed in, from the loop or from outside")
    func order() async {
        let loop = EventLoop.started()
        let order = LoopConfined(on: loop, [Int]())
        await loop.value {
            for number in 0..<500 { loop.execute { order.value.append(number) } }
        }
        for number in 500..<1000 { loop.execute { order.value.append(number) } }
        #expect(await loop.value { order.value } == Array(0..<1000))
        loop.stop()
    }

    @Test("what is handed in while a loop stops runs, or the caller is told that it will not")
    func stopsUnderFire() async {
        for _ in 0..<20 {
            let loop = EventLoop.started()
            let ran = Tally()
            let accepted = Tally()
            let work = Call { ran.add() }
            let ready = Gate()
            let sides = (0..<4).map { SideThread(name: "poster \($0)") }
            for side in sides {
                side.perform {
                    ready.open()
                    while loop.offer(work) { accepted.add() }
                }
            }
            let stopper = SideThread(name: "stopper")
            await stopper.run {
                for _ in sides { ready.pass() }
                loop.stop()
            }
            // Each ends when it was refused.
            for side in sides { await side.run {} }
            await loop.ended()
            #expect(ran.value == accepted.value)
            #expect(accepted.value > 0)
            for side in sides + [stopper] { side.stop() }
        }
    }

    @Test("a stopped loop lets go of everything, armed deadlines included")
    func stopReleases() async {
        weak var loop: EventLoop?
        weak var waiter: PollWaiter?
        let died = Gate()
        do {
            let made = PollWaiter()
            let started = EventLoop(name: "test", waiter: made)
            started.start()
            (loop, waiter) = (started, made)
            let mourner = Mourner(died)
            await started.value {
                let deadline = Deadline(on: started) { _ = mourner }
                deadline.arm(after: .seconds(3600))
            }
            started.stop()
        }
        let side = SideThread(name: "waiting")
        await side.run { died.pass() }
        side.stop()
        while loop != nil || waiter != nil { await Task.yield() }
    }

    @Test("handing work to a stopped loop traps and names the loop")
    func workAfterEnd() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            let loop = EventLoop.started("finished")
            loop.stop()
            while loop.offer(Call {}) {}
            loop.execute {}
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("handed to loop finished after it was stopped"))
    }

    @Test("touching loop-confined state from elsewhere traps and names the loop")
    func offLoop() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            let loop = EventLoop.started("elsewhere")
            LoopConfined(on: loop, 0).value += 1
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("off the thread of loop elsewhere"))
    }

    @Test("tasks that ready each other for ever do not keep events from the loop")
    func busyLoopHandlesEvents() async throws {
        let waiter = PollWaiter()
        let loop = EventLoop(name: "busy", waiter: waiter)
        loop.start()
        let ends = try Pipe()
        let isSeen = LoopConfined(on: loop, false)
        await loop.value {
            waiter.watch(ends.reader, for: .readable) { _ in
                ends.read()
                isSeen.value = true
            }
            @Sendable func again() { if !isSeen.value { loop.execute(again) } }
            again()
        }
        ends.write()
        while await loop.value({ !isSeen.value }) {}
        await loop.value { waiter.unwatch(ends.reader) }
        loop.stop()
    }
}

/// Says when it dies.
private final class Mourner: Sendable {
    private let died: Gate
    init(_ died: Gate) { self.died = died }
    deinit { died.open() }
}
