import DriverSimulation
import Testing

@testable import DriverRuntime

@Suite struct DeadlineTests {
    @Test("the heap of deadlines does what a sorted list does", arguments: 0..<20 as Range<UInt64>)
    func model(seed: UInt64) {
        withLoop { loop in
            var random = SeededGenerator(seed: seed)
            let deadlines = (0..<40).map { _ in Deadline(on: loop) {} }
            var heap = DeadlineHeap()
            var model: [(instant: UInt64, sequence: Int, index: Int)] = []
            for sequence in 0..<3000 {
                let index = random.next(below: deadlines.count)
                switch random.next(below: 4) {
                case 0, 1:
                    // Few instants, so that many are the same.
                    let instant = UInt64(random.next(below: 30))
                    heap.insert(deadlines[index], at: Instant(nanoseconds: instant))
                    model.removeAll { $0.index == index }
                    model.append((instant, sequence, index))
                case 2:
                    heap.remove(deadlines[index])
                    model.removeAll { $0.index == index }
                default:
                    let now = Instant(nanoseconds: UInt64(random.next(below: 30)))
                    let popped = heap.popDue(at: now, armedBy: .max)
                    #expect(
                        popped
                            === model.first.flatMap { first in
                                first.instant <= now.nanoseconds ? deadlines[first.index] : nil
                            })
                    if popped != nil { model.removeFirst() }
                }
                model.sort { ($0.instant, $0.sequence) < ($1.instant, $1.sequence) }
                #expect(heap.count == model.count)
                #expect(heap.earliest?.nanoseconds == model.first?.instant)
                for deadline in deadlines where deadline.isArmed {
                    #expect(model.contains { deadlines[$0.index] === deadline })
                }
            }
            for deadline in heap.removeAll() { #expect(!deadline.isArmed) }
            #expect(heap.count == 0)
        }
    }

    /// Runs `loop` until it has no deadline left, at most for `turns` turns.
    private func exhaust(_ loop: EventLoop, turns: UInt64 = 1000) {
        loop.run { loop.armedDeadlines == 0 || loop.turns >= turns }
    }

    @Test("a handler may disarm others that are due, and they do not fire")
    func disarmsOthers() {
        let loop = EventLoop(name: "test", waiter: PollWaiter())
        let fired = LoopConfined(on: loop, [Int]())
        let others = LoopConfined(on: loop, [Deadline]())
        loop.execute {
            let first = Deadline(on: loop) {
                fired.value.append(0)
                for other in others.value { other.disarm() }
            }
            others.value = (1...10).map { number in
                Deadline(on: loop) { fired.value.append(number) }
            }
            let now = loop.now
            first.arm(at: now)
            for other in others.value { other.arm(at: now) }
        }
        exhaust(loop)
        loop.run {
            #expect(fired.value == [0])
            #expect(loop.armedDeadlines == 0)
            return true
        }
    }

    @Test(
        "a handler may arm its own deadline again and others, for the past too: all fire, in turn")
    func armsOthers() {
        let loop = EventLoop(name: "test", waiter: PollWaiter())
        let fired = LoopConfined(on: loop, [String]())
        let own = LoopConfined<Deadline?>(on: loop, nil)
        loop.execute {
            let past = Instant(nanoseconds: 1)
            let last = Deadline(on: loop) { fired.value.append("last") }
            own.value = Deadline(on: loop) {
                fired.value.append("own")
                // Before everything in time: it must not come before what was due already.
                if fired.value.count < 4 { own.value?.arm(at: past) }
            }
            own.value?.arm(at: past)
            last.arm(at: loop.now)
        }
        exhaust(loop)
        loop.run {
            #expect(fired.value == ["own", "last", "own", "own"])
            own.value = nil
            return true
        }
    }

    @Test("a deadline that is always due keeps neither work nor events from the loop")
    func alwaysDue() {
        let loop = EventLoop(name: "test", waiter: PollWaiter())
        let own = LoopConfined<Deadline?>(on: loop, nil)
        let ran = Tally()
        loop.execute {
            own.value = Deadline(on: loop) { own.value?.arm(at: Instant(nanoseconds: 0)) }
            own.value?.arm(at: Instant(nanoseconds: 0))
            loop.execute { loop.execute { ran.add() } }
        }
        loop.run { ran.value == 1 || loop.turns > 1000 }
        #expect(ran.value == 1)
        loop.run {
            own.value = nil
            loop.dropDeadlines()
            return true
        }
    }

    @Test("an instant at the end of time is never waited for, and a duration never overflows")
    func farFuture() {
        let end = Instant.distantFuture
        #expect(
            Instant(nanoseconds: 5).advanced(by: .seconds(Int64.max))
                >= end.advanced(by: .seconds(-9_300_000_000)))
        #expect(end.advanced(by: .seconds(1)) == end)
        #expect(Instant(nanoseconds: 5).advanced(by: .seconds(-1)) == Instant(nanoseconds: 0))
        #expect(end.duration(to: Instant(nanoseconds: 0)) == .nanoseconds(-Int64.max))
        #expect(Instant(nanoseconds: 3).duration(to: Instant(nanoseconds: 10)) == .nanoseconds(7))
        #expect(Duration.seconds(Int64.max).nanoseconds == .max)
        #expect(Duration.seconds(Int64.min).nanoseconds == .min)
    }
}
