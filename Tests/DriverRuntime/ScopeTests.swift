import DriverRuntime
import DriverSimulation
import Testing

@Suite struct ScopeTests {
    @Test("a task keeps its scope alive to its end, and no longer")
    func lifetime() throws {
        for seed in 0..<50 as Range<UInt64> {
            let box = WeakScope()
            let (during, loop) = try Simulation.run(seed: seed) { simulation in
                let clock = simulation.clock
                let alive = LoopConfined(on: simulation.loop, [Bool]())
                box.scope = Scope(on: simulation.loop, name: "short")
                let task = box.scope?.task {
                    for _ in 0..<3 {
                        await clock.wait(for: .milliseconds(1))
                        alive.value.append(box.isAlive)
                    }
                }
                box.forget()
                await task?.value
                return (alive.value, simulation.loop)
            }.value
            #expect(during == [true, true, true])
            #expect(!box.isAlive)
            _ = loop
        }
    }

    @Test("scopes of one loop differ, and code is in one of them at a time")
    func current() {
        withLoop { loop in
            let outer = Scope(on: loop, name: "outer")
            let inner = Scope(on: loop, name: "inner")
            #expect(!outer.isCurrent)
            outer.perform {
                #expect(outer.isCurrent && !inner.isCurrent)
                inner.perform { #expect(inner.isCurrent && !outer.isCurrent) }
                #expect(outer.isCurrent && !inner.isCurrent)
                #expect(outer.isIsolatingCurrentContext() == true)
            }
            #expect(outer.isIsolatingCurrentContext() == false)
            #expect(throws: CancellationError.self) {
                try outer.perform { throw CancellationError() }
            }
            #expect(!outer.isCurrent)
        }
    }

    @Test("child tasks of a scope's task run in the scope, too")
    func children() async {
        let loop = EventLoop.started()
        let scope = Scope(on: loop, name: "scope")
        let outside = Tally()
        await scope.task {
            await withTaskGroup { group in
                for _ in 0..<10 {
                    group.addTask { if !scope.isCurrent { outside.add() } }
                }
            }
            if !scope.isCurrent { outside.add() }
        }.value
        #expect(outside.value == 0)
        loop.stop()
    }

    @Test("a check of isolation outside the scope traps and names it")
    func isolation() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            withLoop { loop in Scope(on: loop, name: "kitchen").checkIsolated() }
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("not in scope kitchen"))
    }
}

/// A scope that is held, then only watched.
///
/// Sendable because a simulation has one thread.
private final class WeakScope: @unchecked Sendable {
    private weak var watched: Scope?
    var scope: Scope? { didSet { if let scope { watched = scope } } }
    var isAlive: Bool { watched != nil }
    func forget() { scope = nil }
}
