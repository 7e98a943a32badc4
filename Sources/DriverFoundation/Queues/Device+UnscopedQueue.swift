extension Device {
    /// Makes a queue without a scope (S-1): its handler belongs to no actor, so that it shares no
    /// state with the driver that the compiler has not checked, and waits for nobody.
    ///
    /// It runs on the device's loop. `dispatch`, `name` and `isPowerManaged` are as of the queues
    /// with a scope; `taking` names what goes there, by default what no other queue takes.
    @discardableResult
    public func unscopedQueue(
        _ dispatch: QueueDispatch, name: String? = nil, isPowerManaged: Bool = true,
        taking routes: [RequestRoute] = [.other],
        _ handler: @escaping @Sendable (consuming Request) async -> Void
    ) -> RequestQueue {
        contract(dispatch != .manual, "Q-1: a manual queue of \(self.name) has no handler")
        let queue = RequestQueue(
            dispatch, name: name, isPowerManaged: isPowerManaged, allowsZeroLength: false,
            share: nil, of: self)
        queue.setWorkers { [unowned queue, scope] in
            scope.task {
                queue.workerBegan()
                while let core = await queue.nextForWorker() { await handler(Request(core)) }
                queue.workerEnded()
            }
        }
        return add(queue, routes, at: functionLevel)
    }
}
