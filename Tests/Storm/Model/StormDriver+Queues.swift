import DriverFoundation

/// How a storm's driver sets up its queues.
struct QueueHabits: Sendable {
    let dispatches: [QueueDispatch]
    let isControlPowered: Bool
    let group: QueueGroup?
    /// Whether it is asked about what it owns when its device leaves D0 (Q-14).
    let answersStops: Bool
    /// Whether it stops, drains and purges queues (Q-7).
    let controls: Bool
    /// Whether it is told when the powered manual queue is ready (Q-13).
    let isTold: Bool
    /// Whether it ends itself what it has put into the powered manual queue (Q-16).
    let endsCancelled: Bool
    /// How many requests at most its device takes beside those set aside (Q-19).
    let limit: Int?

    init(_ dice: inout Dice, of device: Device) {
        dispatches = (0..<3).map { _ in
            dice.chance(50) ? .sequential : .parallel(limit: dice.pick(1...4))
        }
        isControlPowered = dice.chance(70)
        group =
            dice.chance(40)
            ? device.queueGroup(limit: dice.pick(1...3), patience: dice.pick(1...4)) : nil
        answersStops = dice.chance(20)
        controls = dice.chance(40)
        isTold = dice.chance(40)
        endsCancelled = dice.chance(40)
        limit = dice.chance(20) ? dice.pick(1...4) : nil
    }
}

/// What it does to its queues.
extension StormDriver {
    func makeQueues() -> (handled: [RequestQueue], manual: [RequestQueue]) {
        var stop: StopHandler<StormDriver>?
        if habits.answersStops { stop = { driver, _, _ in driver.answer() } }
        var end: RequestHandler<StormDriver>?
        if habits.endsCancelled { end = { driver, request in driver.endCancelled(request) } }
        let handled = [
            device.queue(
                habits.dispatches[0], share: habits.group?.share(.low), for: self,
                read: { await $0.handle($1, .read) }, stop: stop),
            device.queue(
                habits.dispatches[1], share: habits.group?.share(.high), for: self,
                write: { await $0.handle($1, .write) }, stop: stop),
            device.queue(
                habits.dispatches[2], isPowerManaged: habits.isControlPowered, for: self,
                deviceControl: { await $0.handle($1, .control) }),
        ]
        let manual = [
            device.queue(.manual, for: self, stop: stop, canceledOnQueue: end),
            device.queue(.manual, isPowerManaged: false),
        ]
        if habits.isTold { manual[0].whenReady(for: self) { $0.ready($1) } }
        if let limit = habits.limit {
            device.requestLimit = limit
            handled[0].reserve(2)
        }
        return (handled, manual)
    }

    private func answer() -> StopAnswer { dice.pick(of: StopAnswer.allCases) }

    private func endCancelled(_ request: consuming Request) {
        if !request.isCancelled {
            run.violate("\(device.attached.id): ended on its queue without being cancelled (Q-16)")
        }
        if dice.chance(30) {
            request.forward(to: unpowered)
        } else {
            request.fail(.cancelled)
        }
    }

    private func ready(_ queue: RequestQueue) {
        if !isInD0 || queue.count == 0 {
            run.violate("\(device.attached.id): told of \(queue.count) requests (Q-13)")
        }
        guard dice.chance(50), !run.isCalm, let request = queue.next() else { return }
        deliver(.powered)
        complete(request, .powered)
    }

    /// What a delivery must not do, by the rules of control and groups.
    func checkDelivery(_ origin: Origin) {
        if stopped.contains(origin) {
            run.violate("\(device.attached.id): a \(origin) request of a stopped queue (Q-7)")
        }
        guard let group = habits.group, origin != .control else { return }
        let together = owned[Origin.read.rawValue] + owned[Origin.write.rawValue]
        if together > group.limit {
            run.violate(
                "\(device.attached.id): \(together) requests of a group at once, \(group.limit)"
                    + " allowed (Q-21)")
        }
    }

    /// Stops, drains and purges queues, one after another.
    func controlQueues() async {
        while isInD0, !run.isCalm {
            await device.clock.wait(for: dice.moment(upTo: 100))
            if dice.chance(60) { continue }
            await control(dice.pick(of: [.read, .write, .control]))
        }
    }

    private func control(_ origin: Origin) async {
        let queue = handled[origin.rawValue]
        switch dice.pick(0...3) {
        case 0:
            await queue.stop()
            stopped.insert(origin)
            check(queue, "stopped", queue.ownedCount == 0)
        case 1:
            await queue.drain()
            check(queue, "drained", queue.status.isDrained)
        case 2:
            await queue.purge()
            check(queue, "purged", queue.status.isDrained)
        default:
            await queue.stopAndPurge()
            stopped.insert(origin)
            check(queue, "stopped and purged", queue.ownedCount == 0)
        }
        if dice.chance(50) { await device.clock.wait(for: dice.moment(upTo: 30)) }
        stopped.remove(origin)
        queue.start()
    }

    private func check(_ queue: RequestQueue, _ call: String, _ isRight: Bool) {
        if !isRight {
            run.violate("\(device.attached.id): \(queue.name) \(call): \(queue.status) (Q-7)")
        }
    }

    /// Makes a request of its own, and lets its queues have it.
    func makeRequest() {
        let number = run.requests.begin()
        let tag = (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        let own = ClientRequest(.deviceControl(1), input: tag)
        let request = device.makeRequest(own) { [run] reply in
            run.requests.end(number, "own: \(reply.error?.code.description ?? "done")")
        }
        request.forward(to: dice.pick(of: handled + [powered, unpowered]))
    }
}
