import DriverRuntime

/// A loop that runs on the caller's thread for as long as one call takes.
struct EventLoopFixture {
    private let loop = EventLoop(name: "fixture", waiter: PollWaiter())

    func run(_ body: (EventLoop) throws -> Void) throws {
        var result: Result<Void, any Error>?
        loop.run {
            if result == nil { result = Result { try body(loop) } }
            return true
        }
        try result?.get()
    }
}
