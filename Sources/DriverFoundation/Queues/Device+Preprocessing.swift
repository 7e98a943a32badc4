/// A look at requests before they are queued (DEV-10).
extension Device {
    /// Hands every client's request to `handler` before it enters the queue for its kind, in the
    /// order in which they came, whatever the device's power state.
    ///
    /// The handler completes the request, or lets it go on with ``Request/enqueue()``; one that it
    /// drops ends as any dropped request. What it owns when the device goes is cancelled and
    /// awaited. A second call traps: one place decides.
    public func preprocess<Driver: DriverActor>(
        for driver: isolated Driver, _ handler: @escaping RequestHandler<Driver>
    ) {
        contract(
            state.value.parts.preprocessing == nil,
            "DEV-10: \(name) preprocesses requests already: do both in one handler")
        let queue = RequestQueue(
            .sequential, name: "preprocessing", isPowerManaged: false, allowsZeroLength: true,
            of: self)
        queue.setWorkers { [unowned driver, unowned queue, scope] in
            scope.task {
                await driver.work(
                    on: queue,
                    RequestHandlers(
                        read: nil, write: nil, deviceControl: nil, internalDeviceControl: nil,
                        other: handler))
            }
        }
        // It is the device's, but no route leads to it: requests come before they are routed.
        state.value.queues.append(queue)
        state.value.parts.preprocessing = queue
    }
}

extension Request {
    /// Lets a request that is being preprocessed go on to the queue for its kind (DEV-10). In
    /// another's handler it traps: there it would come again.
    public consuming func enqueue() {
        let core = surrender()
        let queue = core.state.value.queue
        contract(
            queue != nil && queue === core.device.state.value.parts.preprocessing,
            "DEV-10: a request that is not being preprocessed was enqueued: forward or requeue it")
        core.leaveDriver()
        core.device.route(core)
    }
}
