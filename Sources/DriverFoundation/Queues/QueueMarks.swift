package import DriverRuntime

extension Mark {
    /// A request was cancelled on a queue, and its driver was given it to end it.
    static let cancelledOnQueue = Mark("request cancelled on its queue")
    /// A queue was stopped while a request was on its way to a worker.
    static let takenBackFromWorker = Mark("request taken back from its worker")
    /// A client's request came when its device had none left.
    static let requestsExhausted = Mark("requests exhausted")

    /// Those of queues.
    package static let queues: [Mark] = [
        cancelledOnQueue, takenBackFromWorker, requestsExhausted,
    ]
}

extension PlantedFault {
    /// No request is to be had but those set aside: no mistake, but a lack of memory.
    static let requestAllocationFails = PlantedFault("requests cannot be allocated")

    /// A queue that its driver has stopped goes on.
    static let deliveryWhenStopped = PlantedFault("a stopped queue delivers")
    /// A drained queue is taken for empty while requests wait in it.
    static let drainEndsEarly = PlantedFault("a drain forgets what waits")
    /// A group hands out one request too many.
    static let groupBeyondLimit = PlantedFault("a group delivers one request too many")

    /// Those of them that are mistakes.
    package static let queues: [PlantedFault] = [
        deliveryWhenStopped, drainEndsEarly, groupBeyondLimit,
    ]
}
