internal import DriverFoundation
internal import Logging

/// One stay on the bus, from begin to end: does what the machine decides, and keeps its times.
///
/// All of it happens on a loop of its own, which waits for the bus's descriptor: nobody's device
/// waits for logind.
final class SleepSession: Sendable {
    struct State {
        var machine = InhibitorMachine()
        var events: [InhibitorMachine.Event] = []
        var isTaking = false
        var inhibitor: OwnedDescriptor?
        var ended: [Resumption<Void>] = []
        var link = LogindLink()
        var retry: Deadline?
        var failures = 0
        var delay: Deadline?
        var patience: Deadline?
        /// Since when logind waits for the devices.
        var awaited: Instant?
        var isLate = false
    }

    let who: String
    let why: String
    let options: LogindSleepSource.Options
    let loop: EventLoop
    let waiter: PollWaiter
    let state: LoopConfined<State>
    private let scope: Scope
    private let handler: @Sendable (SystemSleep) async -> Void

    init(
        who: String, why: String, options: LogindSleepSource.Options,
        _ handler: @escaping @Sendable (SystemSleep) async -> Void
    ) {
        self.who = who
        self.why = why
        self.options = options
        self.handler = handler
        waiter = PollWaiter()
        loop = EventLoop(name: "logind sleep", waiter: waiter)
        scope = Scope(on: loop, name: "logind sleep")
        state = LoopConfined(on: loop, State())
    }

    func start() {
        loop.start()
        loop.execute { [self] in connect() }
    }

    func end() async {
        await loop.wait(ifEnded: ()) { [self] done in
            state.value.ended.append(done)
            take(.end)
        }
        loop.stop()
        await loop.ended()
    }

    // MARK: The machine

    /// One event after the other: what one leads to may bring the next.
    func take(_ event: InhibitorMachine.Event) {
        state.value.events.append(event)
        guard !state.value.isTaking else { return }
        state.value.isTaking = true
        defer { state.value.isTaking = false }
        while !state.value.events.isEmpty {
            let event = state.value.events.removeFirst()
            let before = state.value.machine
            let effects = state.value.machine.take(event)
            keepTimes(before, event)
            for effect in effects { perform(effect) }
        }
    }

    private func perform(_ effect: InhibitorMachine.Effect) {
        switch effect {
        case .ask: askForInhibitor()
        case .release: state.value.inhibitor = nil
        case .tell(let sleep):
            scope.task { [self] in
                await handler(sleep)
                loop.onLoop { [self] in take(.handled) }
            }
        case .notice(let notice): tell(notice)
        case .finish: finish()
        }
    }

    private func finish() {
        disconnect()
        state.value.inhibitor = nil
        for deadline in [state.value.retry, state.value.delay, state.value.patience] {
            deadline?.disarm()
        }
        let ended = state.value.ended
        state.value.ended = []
        for resumption in ended { resumption.resume() }
    }

    // MARK: Times

    private func keepTimes(_ before: InhibitorMachine, _ event: InhibitorMachine.Event) {
        let now = state.value.machine
        if now.isAwaited, !before.isAwaited {
            state.value.awaited = loop.now
            state.value.isLate = false
            state.value.delay = alarm(after: state.value.link.delayLimit) { $0.noticeLate() }
        }
        // The system has slept, and works again, before they were down.
        if event == .announced(.awake), before.devices == .goingDown { noticeLate() }
        if before.devices == .goingDown, now.devices != .goingDown { noticeDown() }
        if !now.isAwaited { state.value.delay.take()?.disarm() }
        if now.isUnheard, !before.isUnheard {
            let patience = options.patience
            state.value.patience = alarm(after: patience) { session in
                session.tell(.unheard(after: patience))
                session.take(.patienceEnded)
            }
        } else if !now.isUnheard {
            state.value.patience.take()?.disarm()
        }
    }

    private func noticeLate() {
        guard let awaited = state.value.awaited, !state.value.isLate else { return }
        state.value.isLate = true
        tell(.late(after: awaited.duration(to: loop.now)))
    }

    private func noticeDown() {
        guard let awaited = state.value.awaited.take() else { return }
        let time = awaited.duration(to: loop.now)
        tell(state.value.isLate ? .acknowledgedLate(after: time) : .acknowledged(after: time))
    }

    func alarm(
        after time: Duration, _ body: @escaping @Sendable (SleepSession) -> Void
    ) -> Deadline {
        let deadline = Deadline(on: loop) { [weak self] in self.map(body) }
        deadline.arm(after: time)
        return deadline
    }

    // MARK: Telling

    func tell(_ notice: SleepNotice) {
        options.logger.log(level: notice.level, "\(notice)")
        options.observer?(notice)
    }
}

extension SleepNotice {
    fileprivate var level: Logger.Level {
        switch self {
        case .watching, .announced, .acknowledged, .acknowledgedLate: .info
        case .repeated: .debug
        case .unavailable, .unheard: .warning
        case .late: .error
        }
    }
}
