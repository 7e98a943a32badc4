/// A queue as it stood when it was asked.
public struct QueueStatus: Hashable, Sendable {
    /// Whether it takes requests in.
    public var isAccepting: Bool
    /// Whether it may hand out requests: it was not stopped.
    public var isDispatching: Bool
    /// Whether it is held back because the device is not in D0.
    public var isHeld: Bool
    /// Whether the device goes, or the queue was deleted: ``RequestQueue/start()`` does not open it
    /// again.
    public var isShutDown: Bool
    /// Requests that wait in it.
    public var waiting: Int
    /// Requests of it that the driver owns.
    public var owned: Int

    /// Whether a request that waits can reach the driver now.
    public var isHandingOut: Bool { isDispatching && !isHeld }
    /// Whether it takes and hands out requests: WDF's "ready".
    public var isReady: Bool { isAccepting && isDispatching }
    /// Whether it has no request at all: WDF's "idle".
    public var isEmpty: Bool { waiting == 0 && owned == 0 }
    /// Whether it hands out nothing, and the driver owns nothing: WDF's "stopped".
    public var isStopped: Bool { isAccepting && !isDispatching && owned == 0 }
    /// Whether it takes nothing, and has no request: what ``RequestQueue/drain()`` and
    /// ``RequestQueue/purge()`` lead to.
    public var isDrained: Bool { !isAccepting && isEmpty }
}
