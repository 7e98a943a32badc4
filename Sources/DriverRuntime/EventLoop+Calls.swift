/// Calls from outside, whose callers cannot know whether the loop still runs.
extension EventLoop {
    /// Runs `body` on the loop now when called there, else posts it there.
    ///
    /// Whoever waits for what `body` does uses ``wait(ifEnded:_:)`` or ``perform(_:)``: after the
    /// loop's end nothing would ever wake them.
    /// - Returns: `false` when the loop was stopped, and `body` will not run.
    @discardableResult
    package func onLoop(_ body: @escaping @Sendable () -> Void) -> Bool {
        if isOnLoop {
            body()
            return true
        }
        return executeIfRunning(body)
    }

    /// Suspends the caller until the resumption given to `body`, which is called on the loop, is
    /// resumed; `ended` at once when the loop was stopped, and `body` will not run.
    ///
    /// Threading: any. Cancellation: none.
    package func wait<Value: Sendable>(
        ifEnded ended: Value, _ body: @escaping @Sendable (Resumption<Value>) -> Void
    ) async -> Value {
        await Resumption.wait { resumption in
            if !onLoop({ body(resumption) }) { resumption.resume(returning: ended) }
        }
    }

    /// What `body` returns, called on the loop; `nil` when the loop was stopped, and `body` will
    /// not run.
    ///
    /// Threading: any. Cancellation: none.
    @discardableResult
    package func perform<Value: Sendable>(
        _ body: @escaping @Sendable () -> Value
    ) async -> Value? {
        await wait(ifEnded: nil) { resumption in resumption.resume(returning: body()) }
    }
}
