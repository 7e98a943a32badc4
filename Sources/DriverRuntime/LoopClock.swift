/// A loop's clock for code that waits: virtual time under the simulation, the machine's elsewhere.
public struct LoopClock: Sendable {
    private let loop: EventLoop

    /// The clock of `loop`.
    public init(_ loop: EventLoop) { self.loop = loop }

    /// The present time. Any thread.
    public var now: Instant { loop.now }

    /// Waits for `duration`; see ``wait(until:)``.
    @discardableResult
    public func wait(for duration: Duration) async -> Bool {
        await wait(until: now.advanced(by: duration))
    }

    /// Waits until `instant`.
    ///
    /// Threading: any; cheapest from a task of one of the loop's scopes.
    /// Cancellation: ends the wait at once.
    /// - Returns: whether the time came; `false` when the task was cancelled before, or the loop
    ///   stopped already.
    @discardableResult
    public func wait(until instant: Instant) async -> Bool {
        let sleeper = Sleeper(on: loop)
        return await withTaskCancellationHandler {
            await Resumption.wait { resumption in
                sleeper.begin(until: instant, resumption)
            }
        } onCancel: {
            sleeper.cancel()
        }
    }
}

/// One wait: resumed by its deadline or by its task's cancellation, whichever the loop sees first.
private final class Sleeper: Sendable {
    private struct State {
        var deadline: Deadline?
        var resumption: Resumption<Bool>?
        var isCancelled = false
    }

    private let loop: EventLoop
    private let state: LoopConfined<State>

    init(on loop: EventLoop) {
        self.loop = loop
        state = LoopConfined(on: loop, State())
    }

    func begin(until instant: Instant, _ resumption: Resumption<Bool>) {
        let isTaken = loop.onLoop { [self] in
            if state.value.isCancelled { return resumption.resume(returning: false) }
            let deadline = Deadline(on: loop) { [self] in end(true) }
            state.value.resumption = resumption
            state.value.deadline = deadline
            deadline.arm(at: instant)
        }
        if !isTaken { resumption.resume(returning: false) }
    }

    func cancel() {
        _ = loop.onLoop { [self] in
            state.value.isCancelled = true
            end(false)
        }
    }

    private func end(_ isTimely: Bool) {
        state.value.deadline.take()?.disarm()
        state.value.resumption.take()?.resume(returning: isTimely)
    }
}
