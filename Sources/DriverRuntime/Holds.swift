/// Who is told when code keeps a loop from everything else for too long.
struct Holds: Sendable {
    let limit: Duration
    let report: @Sendable (Duration, String) -> Void

    func note(_ time: Duration, by scope: Scope?, on loop: EventLoop) {
        if time > limit { report(time, scope?.name ?? loop.name) }
    }
}
