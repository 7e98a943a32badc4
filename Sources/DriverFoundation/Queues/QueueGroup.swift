/// How urgent a queue's requests are beside those of the other queues of its group.
public enum QueuePriority: Int, Sendable, Hashable, CaseIterable, Comparable {
    /// What can wait.
    case low
    /// What most requests are.
    case normal
    /// What must not stand behind them.
    case high

    /// Less urgent before more.
    public static func < (left: QueuePriority, right: QueuePriority) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// Queues that share the driver's attention: together they present at most `limit` requests
/// at once, and the more urgent queue goes first.
///
/// Without a group each queue presents by its own rules alone, and none is before another.
///
/// - Of the queues that have a request to deliver the most urgent one does; of equally urgent ones
///   that which was passed over more often, then the older.
/// - Nobody starves: a queue that has a request to deliver and was passed over ``patience`` times
///   goes next. So where urgent requests never end, a less urgent queue still gets about one turn
///   in `patience + 1`.
///
/// ```swift
/// let group = device.queueGroup(limit: 1)
/// device.queue(.sequential, share: group.share(.high), for: self, deviceControl: …)
/// device.queue(.sequential, share: group.share(.normal), for: self, read: …, write: …)
/// ```
///
/// Threading: its device's scope.
public final class QueueGroup: Sendable {
    /// How many requests of its queues the driver may own at once.
    public let limit: Int
    /// How often a queue is passed over at most.
    public let patience: Int
    private let queues: LoopConfined<[Member]>

    private struct Member {
        unowned let queue: RequestQueue
        let priority: QueuePriority
    }

    init(limit: Int, patience: Int, on loop: EventLoop) {
        contract(limit > 0, "Q-21: a group presents at least one request")
        contract(patience > 0, "Q-21: a queue is passed over at least once, or none is first")
        self.limit = limit
        self.patience = patience
        queues = LoopConfined(on: loop, [])
    }

    /// A place in the group for one queue.
    public func share(_ priority: QueuePriority) -> QueueShare {
        QueueShare(group: self, priority: priority)
    }

    fileprivate func join(_ queue: RequestQueue, _ priority: QueuePriority) {
        queues.value.append(Member(queue: queue, priority: priority))
    }

    /// The queue whose turn it is.
    private var first: Member? {
        var owned = 0
        var best: Member?
        var isBestOverdue = false
        for member in queues.value {
            owned += member.queue.ownedCount
            guard member.queue.hasDeliverable else { continue }
            let isOverdue = member.queue.state.value.passedOver >= patience
            if let present = best {
                let isMore =
                    isOverdue == isBestOverdue
                    ? (member.priority, member.queue.state.value.passedOver)
                        > (present.priority, present.queue.state.value.passedOver)
                    : isOverdue
                guard isMore else { continue }
            }
            best = member
            isBestOverdue = isOverdue
        }
        let isBeyond = best?.queue.device.loop.isPlanted(.groupBeyondLimit) == true
        return owned < limit + (isBeyond ? 1 : 0) ? best : nil
    }

    /// Whether it is the turn of `queue`.
    func grants(_ queue: RequestQueue) -> Bool { first?.queue === queue }

    /// `queue` has taken its turn.
    func took(_ queue: RequestQueue) {
        queue.state.value.passedOver = 0
        for member in queues.value where member.queue !== queue {
            if member.queue.hasDeliverable { member.queue.state.value.passedOver += 1 }
        }
    }

    /// Hands out what can be handed out.
    func deliver() {
        while let member = first {
            if member.queue.deliverToIdleWorker() { continue }
            // Its worker takes the turn when it comes, and asks for the others' then.
            return member.queue.startWorkerIfNone()
        }
    }
}

/// A queue's place in a group.
public struct QueueShare: Sendable {
    /// The group.
    public let group: QueueGroup
    /// How urgent the queue's requests are.
    public let priority: QueuePriority

    func join(_ queue: RequestQueue) { group.join(queue, priority) }
}

extension Device {
    /// Makes a group of queues that together present at most `limit` requests at once.
    ///
    /// `patience`: how often a queue of it may be passed over by more urgent ones in a row.
    public func queueGroup(limit: Int, patience: Int = 8) -> QueueGroup {
        QueueGroup(limit: limit, patience: patience, on: loop)
    }
}
