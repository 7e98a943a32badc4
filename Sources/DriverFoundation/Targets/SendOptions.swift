/// How a request is sent to an I/O target.
public struct SendOptions: Sendable, Hashable {
    /// How long it may take, from the call on; `nil` for as long as it takes.
    ///
    /// A request that was sent is then cancelled, and the call ends with `.timedOut` when it has
    /// really ended; one that was pended ends at once with `.timedOutNotSent` (T-9).
    public var timeout: Duration?
    /// Until when it may take; the earlier of both counts.
    public var until: Instant?
    /// Whether a stopped or purged target sends it all the same (T-3).
    public var ignoresTargetState: Bool

    /// The defaults: as long as it takes, and as the target's state has it.
    public init(
        timeout: Duration? = nil, until: Instant? = nil, ignoresTargetState: Bool = false
    ) {
        self.timeout = timeout
        self.until = until
        self.ignoresTargetState = ignoresTargetState
    }

    /// When to give up.
    func deadline(from now: Instant) -> Instant? {
        let relative = timeout.map { now.advanced(by: $0) }
        guard let relative, let until else { return relative ?? until }
        return min(relative, until)
    }
}
