internal import Glibc
internal import Synchronization

/// One thread on which everything of one bus happens: jobs of scopes, posted work, deadlines, and
/// whatever the waiter's events call.
///
/// A loop runs either on a thread of its own (``start()``) or on the caller's (``run(until:)``,
/// which is how the simulation runs). It must outlive its scopes. Nothing in it allocates once its
/// rings have grown to their working size.
public final class EventLoop: Sendable {
    /// The thread's name, and what reports call this loop.
    public let name: String
    /// Where the loop waits and what tells it the time.
    public let waiter: any Waiter
    package let chooser: (any JobChooser)?

    private let owner = Atomic<UInt>(0)
    private let ordinals = Atomic<UInt64>(0)
    private let isStopping = Atomic<Bool>(false)
    private let inbox = Inbox()
    private let hasForeign = Atomic<Bool>(false)
    private let confined = Confined()

    /// What only the loop's thread touches; its accesses are all in this file, behind
    /// `preconditionOnLoop` or in `turn`.
    private final class Confined: @unchecked Sendable {
        var ready = ReadyRing()
        var deadlines = DeadlineHeap()
        var current: Scope?
        var turns: UInt64 = 0
        var probes: Probes?
        var isClosed = false
        var watch: LoopWatch?
        var watchedSince = Instant(nanoseconds: 0)
        var activity: StaticString?
    }

    /// What other threads hand in.
    private final class Inbox: @unchecked Sendable {
        let lock = Lock()
        // Guarded by `lock`.
        var entries = ReadyRing()
        var isClosed = false
        var isEnded = false
        var waitingForEnd: [Resumption<Void>] = []
        let joining = Lock()
        // The loop's own thread, until it is joined; guarded by `joining`.
        var thread: Thread?
    }

    /// Makes a loop that does not run yet. Work may be posted from now on.
    public convenience init(name: String, waiter: any Waiter) {
        self.init(name: name, waiter: waiter, chooser: nil)
    }

    package init(name: String, waiter: any Waiter, chooser: (any JobChooser)?) {
        self.name = name
        self.waiter = waiter
        self.chooser = chooser
    }

    // MARK: Where the caller is

    /// Whether the caller runs on this loop's thread.
    @inline(__always)
    public var isOnLoop: Bool { owner.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// Traps when the caller does not run on this loop's thread.
    @inline(__always)
    public func preconditionOnLoop() {
        if !isOnLoop { offLoop() }
    }

    /// Not a precondition, whose message optimised builds leave out.
    @inline(never)
    private func offLoop() -> Never {
        fatalError("called off the thread of loop \(name), where its state may be touched alone")
    }

    /// The scope whose code is running; on the loop only.
    package var currentScope: Scope? { confined.current }

    /// What a simulation plants and counts; `nil` on a real loop. On the loop only.
    package var probes: Probes? {
        get {
            preconditionOnLoop()
            return confined.probes
        }
        set {
            preconditionOnLoop()
            confined.probes = newValue
        }
    }

    /// Who is told of code that holds the loop for long. On the loop only.
    package var watch: LoopWatch? {
        get {
            preconditionOnLoop()
            return confined.watch
        }
        set {
            preconditionOnLoop()
            confined.watch = newValue
            confined.watchedSince = now
        }
    }

    /// What the code that runs now is, for the watch; until the present job ends.
    @inline(__always)
    package func note(_ activity: StaticString) {
        preconditionOnLoop()
        confined.activity = activity
    }

    @inline(__always)
    func enter(_ scope: Scope) -> Scope? {
        preconditionOnLoop()
        let outer = confined.current
        confined.current = scope
        if confined.watch != nil { confined.watchedSince = now }
        return outer
    }

    @inline(__always)
    func leave(to outer: Scope?) {
        if confined.watch != nil { look(confined.current) }
        confined.current = outer
    }

    /// Tells the watch if what ran since the last look took longer than it may.
    private func look(_ scope: Scope?) {
        guard let watch = confined.watch else { return }
        let (start, end) = (confined.watchedSince, now)
        confined.watchedSince = end
        let activity = confined.activity.take()
        let held = start.duration(to: end)
        if held > watch.limit { watch.report(scope, activity, held) }
    }

    /// A number that no other scope or lane of this loop has. Any thread.
    package func nextOrdinal() -> UInt64 { ordinals.add(1, ordering: .relaxed).newValue }

    // MARK: Time

    /// The present time on the loop's clock. Any thread.
    public var now: Instant { waiter.now }

    func arm(_ deadline: Deadline, at instant: Instant) {
        preconditionOnLoop()
        confined.deadlines.insert(deadline, at: instant)
    }

    func disarm(_ deadline: Deadline) {
        preconditionOnLoop()
        confined.deadlines.remove(deadline)
    }

    // MARK: Handing in work

    package func enqueue(_ job: UnownedJob, in scope: Scope) { append(.job(job, scope)) }

    /// Runs `work` on the loop, in no scope, after what was posted before. Any thread. Nothing is
    /// allocated.
    public func post(_ work: Work) { append(.work(work)) }

    /// Runs `body` on the loop, in no scope, after what was posted before. Any thread. Allocates
    /// what the closure captures.
    public func execute(_ body: @escaping @Sendable () -> Void) { append(.closure(body)) }

    /// The same, but `false` instead of a trap when the loop was stopped: for callers outside, who
    /// cannot know.
    public func executeIfRunning(_ body: @escaping @Sendable () -> Void) -> Bool {
        offer(.closure(body))
    }

    /// As ``post(_:)``, but tells a caller that cannot know whether the loop still runs.
    /// - Returns: whether the work will run; `false` after ``stop()``.
    public func offer(_ work: Work) -> Bool { offer(.work(work)) }

    private func append(_ entry: ReadyRing.Entry) {
        if offer(entry) { return }
        // Not a precondition, whose message optimised builds leave out.
        fatalError("work was handed to loop \(name) after it was stopped")
    }

    private func offer(_ entry: ReadyRing.Entry) -> Bool {
        if isOnLoop {
            confined.ready.append(entry)
            return true
        }
        chooser?.foreignEntry(on: self)
        let isTaken = inbox.lock.withLock {
            if !inbox.isClosed { inbox.entries.append(entry) }
            return !inbox.isClosed
        }
        // One wake for all that is handed in before the loop looks.
        if isTaken, !hasForeign.exchange(true, ordering: .acquiringAndReleasing) { waiter.wake() }
        return isTaken
    }

    // MARK: Running

    /// How many times the loop went round: an idle loop's count stands still. On the loop only.
    public var turns: UInt64 {
        preconditionOnLoop()
        return confined.turns
    }

    /// How many deadlines are armed. On the loop only.
    public var armedDeadlines: Int {
        preconditionOnLoop()
        return confined.deadlines.count
    }

    /// Whether nothing is ready to run. On the loop only.
    package var isDrained: Bool {
        confined.ready.isEmpty && !hasForeign.load(ordering: .acquiring)
    }

    /// Runs the loop on the caller's thread until `isDone` says so: it is asked once a turn, on the
    /// loop, after what was ready ran and before the loop waits.
    public func run(until isDone: () -> Bool) {
        let previous = owner.exchange(UInt(pthread_self()), ordering: .sequentiallyConsistent)
        precondition(previous == 0, "loop \(name) already runs")
        defer { owner.store(0, ordering: .sequentiallyConsistent) }
        while true {
            runReady()
            if isDone() { return }
            // A deadline that has passed asks the waiter for the events alone.
            let mayRest = isDrained && !isStopping.load(ordering: .acquiring)
            waiter.wait(until: mayRest ? confined.deadlines.earliest : Instant(nanoseconds: 0))
        }
    }

    /// Runs the loop on a thread of its own until ``stop()``.
    public func start() {
        let thread = Thread(named: name) { [self] in runUntilStopped() }
        inbox.joining.withLock { inbox.thread = thread }
    }

    /// Runs the loop on the caller's thread until ``stop()``: for buses that join their threads.
    public func runUntilStopped() {
        run { isStopping.load(ordering: .acquiring) && finish() }
        let waiting = inbox.lock.withLock {
            inbox.isEnded = true
            defer { inbox.waitingForEnd = [] }
            return inbox.waitingForEnd
        }
        for resumption in waiting { resumption.resume() }
    }

    /// Waits until a started loop has run its last, after ``stop()``, and its thread has ended.
    ///
    /// Threading: any task but one of this loop's. Cancellation: none.
    public func ended() async {
        await Resumption.wait { resumption in
            let isEnded = inbox.lock.withLock {
                if !inbox.isEnded { inbox.waitingForEnd.append(resumption) }
                return inbox.isEnded
            }
            if isEnded { resumption.resume() }
        }
        // For its last instructions; inside the lock, for whoever else waits.
        inbox.joining.withLock { inbox.thread.take()?.join() }
    }

    /// Ends a started loop: what was handed in before runs, and what that readies on the loop
    /// itself; then the thread ends. Any thread; returns at once.
    ///
    /// Deadlines that are still armed never fire, and tasks that still wait never go on: whoever
    /// stops a loop ends what runs on it first. From here on, handing in work from another thread
    /// traps, except through ``offer(_:)``.
    public func stop() {
        isStopping.store(true, ordering: .releasing)
        waiter.wake()
    }

    /// Forgets all deadlines, which otherwise keep the loop alive as it keeps them.
    package func dropDeadlines() {
        preconditionOnLoop()
        // Out of the heap first: what the handlers hold may run code of its own as it goes.
        let dropped = confined.deadlines.removeAll()
        _ = consume dropped
    }

    /// Closes the inbox, once, and tells whether all that was in it has run.
    ///
    /// Closed first and drained after: threads that never cease to hand in work must not keep the
    /// loop alive, and nothing may slip in between a last look and the end.
    private func finish() -> Bool {
        if !confined.isClosed {
            confined.isClosed = true
            inbox.lock.withLock {
                inbox.isClosed = true
                confined.ready.takeAll(from: &inbox.entries)
            }
        }
        guard confined.ready.isEmpty else { return false }
        dropDeadlines()
        return confined.ready.isEmpty
    }

    private func runReady() {
        confined.turns += 1
        takeForeign()
        if confined.watch != nil { confined.watchedSince = now }
        fireDue()
        if confined.watch != nil { look(nil) }
        // A batch may be long-lived by itself, as tasks ready each other: look at the events after
        // so many entries, or they would starve. A simulation looks after each.
        var budget = chooser == nil ? 256 : 1
        while budget > 0, !confined.ready.isEmpty {
            runOne()
            budget -= 1
        }
    }

    private func runOne() {
        let index = chooser?.choose(from: confined.ready) ?? 0
        switch confined.ready.remove(at: index) {
        case .job(let job, let scope):
            confined.current = scope
            unsafe job.runSynchronously(
                isolatedTo: scope.asUnownedSerialExecutor(),
                taskExecutor: scope.asUnownedTaskExecutor())
            confined.current = nil
            if confined.watch != nil { look(scope) }
        case .work(let work):
            work.run()
            if confined.watch != nil { look(nil) }
        case .closure(let body):
            body()
            if confined.watch != nil { look(nil) }
        }
    }

    private func takeForeign() {
        guard hasForeign.load(ordering: .relaxed) else { return }
        hasForeign.store(false, ordering: .sequentiallyConsistent)
        inbox.lock.withLock { confined.ready.takeAll(from: &inbox.entries) }
    }

    private func fireDue() {
        guard let earliest = confined.deadlines.earliest else { return }
        let now = now
        guard earliest <= now else { return }
        // What a handler arms waits for the next turn, even when it is due at once: a handler that
        // arms its own deadline again must not keep the loop from everything else.
        let last = confined.deadlines.beginFiring(at: now)
        while let deadline = confined.deadlines.popDue(at: now, armedBy: last) {
            let fire = deadline.state.value.fire
            fire()
        }
    }
}
