import DriverRuntime
import Foundation
import Glibc
import Testing

/// How many threads of this process are called `name`.
private func threads(named name: String) -> Int {
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
    return tasks.count { task in
        let comm = try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8)
        return comm == name + "\n"
    }
}

/// Asks every millisecond until `condition` holds or ten seconds have passed.
private func becomes(_ condition: @Sendable () -> Bool) async -> Bool {
    let loop = EventLoop.started("asking")
    defer { loop.stop() }
    let clock = LoopClock(loop)
    let end = clock.now.advanced(by: .seconds(10))
    while !condition() {
        guard clock.now < end else { return false }
        await clock.wait(for: .milliseconds(1))
    }
    return true
}

@Suite struct LoopThreadTests {
    @Test("an idle loop makes no turn in ten seconds")
    func idle() async {
        let loop = EventLoop.started("idle")
        let other = EventLoop.started("counting")
        // The wake-up for the loop's first work may come after the loop found it, and costs a turn.
        await loop.value {}
        await LoopClock(other).wait(for: .milliseconds(50))
        let before = await loop.value { loop.turns }
        await LoopClock(other).wait(for: .seconds(10))
        // The one turn is the question's own.
        #expect(await loop.value { loop.turns } == before + 1)
        loop.stop()
        other.stop()
    }

    @Test("threads bear their loop's name and end with it, a side thread's with its last call")
    func threadsEnd() async {
        let loop = EventLoop.started("loop-with-a-name")
        let side = SideThread(name: "side-with-name")
        let tally = Tally()
        await loop.value {}
        for _ in 0..<10 { side.perform { tally.add() } }
        await side.run {}
        // Linux keeps fifteen bytes.
        #expect(threads(named: "loop-with-a-nam") == 1)
        #expect(threads(named: "side-with-name") == 1)
        for _ in 0..<10 { side.perform { tally.add() } }
        loop.stop()
        side.stop()
        // Linux takes a thread off its list a moment after it was joined.
        await loop.ended()
        await side.ended()
        #expect(await becomes { threads(named: "loop-with-a-nam") == 0 })
        #expect(await becomes { threads(named: "side-with-name") == 0 })
        #expect(tally.value == 20)
    }

    @Test("a side thread's calls run one after the other, in order")
    func sideThreadOrder() async {
        let side = SideThread(name: "side")
        let loop = EventLoop.started()
        let order = LoopConfined(on: loop, [Int]())
        for number in 0..<1000 { side.perform { loop.execute { order.value.append(number) } } }
        await side.run {}
        #expect(await loop.value { order.value } == Array(0..<1000))
        side.stop()
        loop.stop()
    }

    @Test("a thousand signals a second do no harm to a loop's waits, work and deadlines")
    func signals() async {
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = { _ in }
        unsafe sigaction(SIGUSR1, &action, nil)
        let loop = EventLoop.started("signalled")
        let thread = await loop.value { pthread_self() }
        let sender = EventLoop.started("signalling")
        let sent = Tally()
        let next = LoopConfined<Deadline?>(on: sender, nil)
        await sender.value {
            let deadline = Deadline(on: sender) {
                pthread_kill(thread, SIGUSR1)
                sent.add()
                next.value?.arm(after: .milliseconds(1))
            }
            next.value = deadline
            deadline.arm(after: .zero)
        }
        let clock = LoopClock(loop)
        while sent.value < 300 {
            let start = clock.now
            #expect(await clock.wait(for: .milliseconds(7)))
            #expect(start.duration(to: clock.now) >= .milliseconds(7))
            #expect(await loop.value { loop.isOnLoop })
        }
        await sender.value {
            next.value?.disarm()
            next.value = nil
        }
        sender.stop()
        loop.stop()
    }
}
