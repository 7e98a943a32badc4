/// How a device gets its queues.
extension Device {
    /// Makes a manual queue: the driver draws from it with ``RequestQueue/next()``.
    ///
    /// `taking`: the requests that go there by themselves, for example
    /// `[.deviceControl(Code.waitUntilBrown)]`; without any, requests are forwarded to it.
    /// `isPowerManaged`: whether it hands out requests only in D0.
    /// `allowsZeroLength`: whether reads and writes of no bytes reach it.
    public func queue(
        _ dispatch: QueueDispatch, name: String? = nil, isPowerManaged: Bool = true,
        allowsZeroLength: Bool = false, taking routes: [RequestRoute] = []
    ) -> RequestQueue {
        contract(
            dispatch == .manual, "Q-1: a \(dispatch) queue needs a handler: use queue(_:for:…)")
        return add(
            RequestQueue(
                dispatch, name: name, isPowerManaged: isPowerManaged,
                allowsZeroLength: allowsZeroLength, of: self), routes, at: functionLevel)
    }

    /// Makes a queue of a driver that answers for its requests: hands them to its handlers, or is a
    /// manual one, and tells it of what it owns when the queue is stopped.
    ///
    /// Every kind of request for which a handler is given goes to this queue. One queue of a
    /// device may have a handler for `other`: it takes what no queue has a handler for;
    /// without one that is refused. `taking` names what goes there more exactly: a manual
    /// queue has nothing else, and one with handlers may name control codes, if it has a handler
    /// for device controls.
    ///
    /// The handlers run in the scope of `driver`: the device's own, with everything else of the
    /// driver. A queue serialises its handlers by themselves when it is given an actor of its own,
    /// with a scope of its own on the device's loop; the driver keeps that actor.
    ///
    /// - `isPowerManaged`: whether it hands out requests only in D0.
    /// - `allowsZeroLength`: whether reads and writes of no bytes reach the handlers; else they
    ///   succeed at once.
    /// - `share`: its place in a group of queues.
    /// - `stop`: asked about each request that the driver owns when the device leaves D0 or goes
    ///   . Without: the device waits for it, and at removal it is cancelled.
    /// - `resume`: told of each request that `stop` acknowledged when the device is back.
    /// - `canceledOnQueue`: given each request to end that was cancelled in this queue after the
    ///   driver had had it: one that was forwarded or requeued. Without, and for all others,
    ///   the framework ends it.
    ///
    /// Two queues for one kind, two for `other`, a queue without any handler, or a manual one with
    /// handlers for requests trap: the driver contradicts itself.
    @discardableResult
    public func queue<Driver: DriverActor>(
        _ dispatch: QueueDispatch, name: String? = nil, isPowerManaged: Bool = true,
        allowsZeroLength: Bool = false, share: QueueShare? = nil,
        taking routes: [RequestRoute] = [], for driver: isolated Driver,
        read: RequestHandler<Driver>? = nil, write: RequestHandler<Driver>? = nil,
        deviceControl: RequestHandler<Driver>? = nil,
        internalDeviceControl: RequestHandler<Driver>? = nil, other: RequestHandler<Driver>? = nil,
        stop: StopHandler<Driver>? = nil, resume: ResumeHandler<Driver>? = nil,
        canceledOnQueue: RequestHandler<Driver>? = nil
    ) -> RequestQueue {
        makeQueue(
            RequestQueue(
                dispatch, name: name, isPowerManaged: isPowerManaged,
                allowsZeroLength: allowsZeroLength, share: share, of: self),
            taking: routes, at: functionLevel, for: driver,
            RequestHandlers(
                read: read, write: write, deviceControl: deviceControl,
                internalDeviceControl: internalDeviceControl, other: other),
            stop: stop, resume: resume, canceledOnQueue: canceledOnQueue)
    }

    /// Connects a queue to the driver of a level, and routes to it what its handlers are for.
    func makeQueue<Driver: DriverActor>(
        _ queue: RequestQueue, taking routes: [RequestRoute] = [], at level: DeviceLevel,
        for driver: isolated Driver, _ handlers: RequestHandlers<Driver>,
        stop: StopHandler<Driver>? = nil, resume: ResumeHandler<Driver>? = nil,
        canceledOnQueue: RequestHandler<Driver>? = nil
    ) -> RequestQueue {
        let dispatch = queue.dispatch
        contract(
            handlers.routes.isEmpty == (dispatch == .manual),
            "Q-1: a \(dispatch) queue of \(self.name) "
                + (dispatch == .manual
                    ? "has handlers for requests: the driver draws from it"
                    : "has no handler: give it one, or make it manual"))
        let scope = driver.scope
        contract(
            scope.loop === loop,
            "Q-23: \(queue.name) of \(self.name) has handlers on another loop: make their scope on"
                + " the device's")
        if dispatch != .manual {
            queue.setWorkers { [unowned driver, unowned queue] in
                scope.task { await driver.work(on: queue, handlers) }
            }
        }
        queue.connect(to: driver, stop, resume, canceledOnQueue)
        return add(queue, handlers.routes + routes, at: level)
    }

    func add(
        _ queue: RequestQueue, _ routes: [RequestRoute], at level: DeviceLevel
    ) -> RequestQueue {
        contract(
            state.value.queues.count < 64, "a device has at most 64 queues: make them once, in init"
        )
        state.value.queues.append(queue)
        level.route(routes, to: queue)
        if state.value.power.state == .d0, queue.isPowerManaged { queue.powerUp() }
        return queue
    }
}

extension RequestQueue {
    /// Binds what the driver wants to be told to the driver.
    fileprivate func connect<Driver: DriverActor>(
        to driver: isolated Driver, _ stop: StopHandler<Driver>?, _ resume: ResumeHandler<Driver>?,
        _ cancelled: RequestHandler<Driver>?
    ) {
        let scope = driver.scope
        if let stop {
            state.value.hooks.stop = { [unowned driver, unowned self] reason in
                scope.task { await driver.tellStop(of: self, reason, stop) }
            }
        }
        if let resume {
            state.value.hooks.resume = { [unowned driver, unowned self] in
                scope.task { await driver.tellResume(of: self, resume) }
            }
        }
        if let cancelled {
            state.value.hooks.cancelled = { [unowned driver] core in
                scope.task { await cancelled(driver, Request(core)) }
            }
        }
    }
}
