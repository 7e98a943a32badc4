/// State that only its loop's thread may touch.
///
/// It stands in for a lock everywhere in the framework: all work of a device happens on one loop,
/// so a check of the thread is enough, and an access from elsewhere traps instead of racing. This
/// is what lets the framework's objects be `Sendable` without an annotation of their own.
public final class LoopConfined<State>: @unchecked Sendable {
    // Sendable because every access is checked to be on the loop's thread, and a loop has one.
    @usableFromInline let loop: EventLoop
    @usableFromInline var stored: State

    /// Keeps `state` for `loop`. Any thread: nobody else can know the object yet.
    public init(on loop: EventLoop, _ state: State) {
        self.loop = loop
        stored = state
    }

    /// The state. On the loop only; traps elsewhere.
    ///
    /// Inlinable, or modules other than this one would pay for a generic that is not specialised.
    @inlinable public var value: State {
        _read {
            loop.preconditionOnLoop()
            yield stored
        }
        _modify {
            loop.preconditionOnLoop()
            yield &stored
        }
    }
}
