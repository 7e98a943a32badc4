import CAllocationCount
import DriverRuntime
import Glibc
import Testing

/// A completion as buses make them: work that resumes whoever waits.
///
/// Sendable because it is touched on the loop alone.
private final class Completion: Work, @unchecked Sendable {
    private var resumption: Resumption<Int>?
    private let loop: EventLoop

    init(on loop: EventLoop) { self.loop = loop }

    func value() async -> Int {
        await Resumption.wait { resumption in
            self.resumption = resumption
            loop.post(self)
        }
    }

    override func run() { resumption.take()?.resume(returning: 1) }
}

private func allocations(in body: () -> Void) -> UInt64 {
    let before = allocation_count()
    body()
    return allocation_count() - before
}

extension FlightRecorder {
    fileprivate static let kind = RecordKind(0xFF01, "allocation test")
}

extension Trait where Self == ConditionTrait {
    /// Generic code that is not specialised allocates by itself.
    fileprivate static var whenOptimized: Self {
        #if DEBUG
        .disabled("debug builds do not specialise generic code")
        #else
        .enabled(if: true)
        #endif
    }
}

@Suite("Nothing is allocated when warm", .enabled(if: allocation_count_works()))
struct AllocationTests {
    @Test("the count counts")
    func counts() {
        var kept: [Tally] = []
        let count = allocations { kept.append(Tally()) }
        #expect(count >= 1)
    }

    @Test("an await of what posted work completes, in a task that prefers the scope (swift.md F)")
    func resumption() async {
        let loop = EventLoop.started()
        let scope = Scope(on: loop, name: "scope")
        let completion = Completion(on: loop)
        let task = Task(executorPreference: scope) {
            var sum = 0
            for _ in 0..<100 { sum += await completion.value() }
            let before = allocation_count()
            for _ in 0..<10_000 { sum += await completion.value() }
            return (sum, allocation_count() - before)
        }
        let (sum, count) = await task.value
        #expect(sum == 10_100)
        #expect(count == 0)
        loop.stop()
    }

    @Test("a handler bound once and called in its scope")
    func perform() {
        withLoop { loop in
            let scope = Scope(on: loop, name: "scope")
            var sum = 0
            let handler = { (number: Int) in sum += scope.isCurrent ? number : 0 }
            let count = allocations {
                for _ in 0..<10_000 { scope.perform { handler(1) } }
            }
            #expect(sum == 10_000)
            #expect(count == 0)
        }
    }

    @Test("posting work from another thread, and the wake, wait and turn that it costs")
    func post() async {
        let loop = EventLoop.started()
        let side = SideThread(name: "poster")
        let gate = Gate()
        let onLoop = Tally()
        // The turn's own allocations: from one run of the work to the next.
        let last = LoopConfined(on: loop, UInt64(0))
        let work = Call {
            onLoop.add(Int(allocation_count() - last.value))
            last.value = allocation_count()
            gate.open()
        }
        let (warm, onSide) = await side.run {
            for _ in 0..<100 {
                loop.post(work)
                gate.pass()
            }
            let warm = onLoop.value
            let before = allocation_count()
            for _ in 0..<2000 {
                loop.post(work)
                gate.pass()
            }
            return (warm, allocation_count() - before)
        }
        #expect(onSide == 0)
        #expect(onLoop.value == warm)
        side.stop()
        loop.stop()
    }

    @Test("a descriptor's readiness, from the wait to its handler", .whenOptimized)
    func watch() async throws {
        let waiter = PollWaiter()
        let loop = EventLoop(name: "test", waiter: waiter)
        loop.start()
        let ends = try Pipe()
        let gate = Gate()
        let onLoop = Tally()
        let last = LoopConfined(on: loop, UInt64(0))
        await loop.value {
            waiter.watch(ends.reader, for: .readable) { _ in
                ends.read()
                onLoop.add(Int(allocation_count() - last.value))
                last.value = allocation_count()
                gate.open()
            }
        }
        let side = SideThread(name: "writer")
        let warm = await side.run {
            var warm = 0
            for round in 0..<2000 {
                ends.write()
                gate.pass()
                if round == 100 { warm = onLoop.value }
            }
            return warm
        }
        #expect(onLoop.value == warm)
        side.stop()
        await loop.value { waiter.unwatch(ends.reader) }
        loop.stop()
    }

    @Test("arming and disarming a deadline", .whenOptimized)
    func deadline() {
        withLoop { loop in
            let deadlines = (0..<100).map { _ in Deadline(on: loop) {} }
            func armAndDisarm() {
                for deadline in deadlines { deadline.arm(after: .seconds(1)) }
                for deadline in deadlines { deadline.arm(after: .seconds(2)) }
                for deadline in deadlines { deadline.disarm() }
            }
            armAndDisarm()
            #expect(allocations { for _ in 0..<100 { armAndDisarm() } } == 0)
        }
    }

    @Test("a record of the flight recorder", .whenOptimized)
    func record() {
        withLoop { loop in
            let recorder = FlightRecorder(on: loop, capacity: 256)
            recorder.record(FlightRecorder.kind)
            let clock = ContinuousClock()
            let start = clock.now
            let count = allocations {
                for number in 0..<100_000 as Range<UInt64> {
                    recorder.record(FlightRecorder.kind, object: 1, number)
                }
            }
            print("a flight record took \(start.duration(to: clock.now) / 100_000)")
            #expect(count == 0)
        }
    }

    /// As a part of the framework might, in a module of its own.
    private struct State {
        var numbers: [Int] = [1, 2, 3]
        var names: [String: Int] = ["one": 1]
        var counts: (Int, Int, Int, Int, Int, Int, Int, Int) = (0, 0, 0, 0, 0, 0, 0, 0)
        var object: Tally? = Tally()

        mutating func count(_ number: Int) {
            counts.0 += number
            counts.7 += counts.0
            numbers[number % 3] += 1
        }
    }

    @Test("an access to loop-confined state from another module", .whenOptimized)
    func confined() {
        withLoop { loop in
            let state = LoopConfined(on: loop, State())
            state.value.count(1)
            let clock = ContinuousClock()
            let start = clock.now
            let count = allocations {
                for number in 0..<1_000_000 { state.value.count(number) }
            }
            print("an access to confined state took \(start.duration(to: clock.now) / 1_000_000)")
            #expect(count == 0)
            #expect(state.value.numbers.reduce(0, +) == 1_000_007)
        }
    }

    @Test("a mark and a planted fault, where no simulation is")
    func probes() {
        withLoop { loop in
            let count = allocations {
                for _ in 0..<1000 {
                    loop.reach(Mark("a name too long to be kept inside its string"))
                    if loop.isPlanted(PlantedFault("another")) { Issue.record("planted") }
                }
            }
            #expect(count == 0)
        }
    }
}
