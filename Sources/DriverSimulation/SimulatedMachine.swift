internal import DriverRuntime
internal import Glibc
internal import Synchronization

/// What a simulated loop has for a machine: time that moves when nothing is ready, and the choice
/// of what runs next. Both leave their mark in the trace.
///
/// Sendable because all of it but the time is touched by the one thread that runs the simulation:
/// `foreignEntry` stops any other at the loop's door.
final class SimulatedMachine: Waiter, JobChooser, @unchecked Sendable {
    enum Halt { case nothingReady, timeLimit, stepLimit }

    private(set) var steps = 0
    private(set) var trace = Trace()
    private(set) var halt: Halt?
    /// The lanes that ran last, newest last.
    private(set) var recentLanes: [UInt64] = []

    private let seed: UInt64
    private let options: Simulation.Options
    private let thread = UInt(pthread_self())
    private let isOver = Atomic<Bool>(false)
    private let time = Atomic<UInt64>(0)
    private let timeLimit: Instant
    private let stepTime: Int
    private var random: SeededGenerator
    // Kept between choices so that choosing allocates nothing.
    private var candidates: [Int] = []
    private var lanes: [UInt64] = []

    init(seed: UInt64, options: Simulation.Options) {
        self.seed = seed
        self.options = options
        timeLimit = Instant(nanoseconds: 0).advanced(by: options.timeLimit)
        stepTime = Int(options.longestStep.nanoseconds)
        // A stream of its own: what a test draws must not change what runs next.
        random = SeededGenerator(seed: ~seed)
    }

    // MARK: Waiter

    var now: Instant { Instant(nanoseconds: time.load(ordering: .relaxed)) }

    func wait(until deadline: Instant?) {
        countStep()
        guard let deadline, deadline != .distantFuture else {
            halt = halt ?? .nothingReady
            return
        }
        if deadline > now { move(to: deadline) }
    }

    func wake() {}

    private func move(to instant: Instant) {
        if instant > timeLimit { return halt = halt ?? .timeLimit }
        time.store(instant.nanoseconds, ordering: .relaxed)
        trace.mix(instant.nanoseconds)
    }

    // MARK: JobChooser

    func choose(from ready: borrowing ReadyRing) -> Int {
        countStep()
        if stepTime > 0 {
            move(to: now.advanced(by: .nanoseconds(random.next(below: stepTime + 1))))
        }
        findCandidates(in: ready)
        let choice = candidates.count == 1 ? 0 : random.next(below: candidates.count)
        trace.mix(lanes[choice])
        trace.mix(UInt64(candidates.count))
        if recentLanes.count == 8 { recentLanes.removeFirst() }
        recentLanes.append(lanes[choice])
        return candidates[choice]
    }

    /// The oldest entry of each lane: lanes may overtake each other, entries of one may not.
    private func findCandidates(in ready: borrowing ReadyRing) {
        candidates.removeAll(keepingCapacity: true)
        lanes.removeAll(keepingCapacity: true)
        for index in 0..<ready.count {
            guard let lane = ready[index]?.lane, !lanes.contains(lane) else { continue }
            candidates.append(index)
            lanes.append(lane)
        }
    }

    /// Once the run is over nothing can harm it any more: what comes late is left lying.
    func foreignEntry(on loop: EventLoop) {
        if UInt(pthread_self()) == thread || isOver.load(ordering: .acquiring) { return }
        fatalError(
            """
            work for the simulation of seed \(seed) came from another thread: everything in a \
            simulation runs on the thread that runs it, so nothing in it may start a thread, use \
            Dispatch, or hand its loop to ordinary tasks
            """)
    }

    /// Both entries and turns count, so that neither tasks that ready each other nor deadlines that
    /// fire at once can go round for ever.
    private func countStep() {
        steps += 1
        if steps > options.stepLimit { halt = halt ?? .stepLimit }
    }

    func end() { isOver.store(true, ordering: .releasing) }

    func log(_ text: String) { trace.append(text, at: now) }
}
