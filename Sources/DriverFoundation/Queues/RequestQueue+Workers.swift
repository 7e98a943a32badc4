/// The tasks in which a queue's handlers run.
struct QueueWorkers {
    var idle: [Resumption<RequestCore?>] = []
    var starting = 0
    var start: (@Sendable () -> Void)?
    // The tasks themselves, to know a handler that would wait for its own end.
    var tasks: [Int] = []
    var areEnded = false
}

extension RequestQueue {
    /// Lets `start` start a worker whenever a request finds none idle.
    func setWorkers(_ start: @escaping @Sendable () -> Void) {
        contract(
            dispatch != .manual,
            "Q-1: a manual queue has no handlers for requests: the driver draws with next()")
        state.value.workers.start = start
    }

    /// A worker's task begins.
    func workerBegan() {
        state.value.workers.starting -= 1
        if let task = Self.currentTask { state.value.workers.tasks.append(task) }
    }

    /// A worker's task ends.
    func workerEnded() {
        guard let task = Self.currentTask,
            let index = state.value.workers.tasks.firstIndex(of: task)
        else { return }
        state.value.workers.tasks.swapAt(index, state.value.workers.tasks.count - 1)
        state.value.workers.tasks.removeLast()
    }

    private static var currentTask: Int? {
        unsafe withUnsafeCurrentTask { task in unsafe task?.hashValue }
    }

    /// Whether the caller is one of the queue's own handlers.
    var isInHandler: Bool {
        Self.currentTask.map(state.value.workers.tasks.contains) ?? false
    }

    /// What a worker awaits; `nil` when it is not needed any more.
    func nextForWorker() async -> RequestCore? {
        while true {
            let core = await Resumption<RequestCore?>.wait { worker in
                if let core = takeDeliverable() { return worker.resume(returning: core) }
                if state.value.workers.areEnded || state.value.workers.idle.count >= presentedLimit
                {
                    worker.resume(returning: nil)
                } else {
                    state.value.workers.idle.append(worker)
                }
                // The turn for which it was started was for nothing: another queue may have it.
                share?.group.deliver()
            }
            guard let core else { return nil }
            // On its way to the worker the queue may have been stopped: then the driver does not
            // get it, and has nothing to stop.
            if isHandingOut {
                core.state.value.isSeen = true
                share?.group.deliver()
                return core
            }
            device.loop.reach(.takenBackFromWorker)
            takeBack(core)
        }
    }

    private func takeBack(_ core: RequestCore) {
        state.value.owned.remove(core)
        if core.state.value.isCancelled {
            endCancelled(core)
        } else {
            core.state.value.phase = .queued
            state.value.waiting.prepend(core)
        }
        requestsChanged()
    }

    private var presentedLimit: Int {
        switch dispatch {
        case .sequential: device.loop.isPlanted(.deliveryBeyondLimit) ? 2 : 1
        case .parallel(let limit): limit
        case .manual: 0
        }
    }

    /// Whether a request waits that its own rules let out now.
    var hasDeliverable: Bool {
        isHandingOut && !state.value.waiting.isEmpty && state.value.owned.count < presentedLimit
    }

    private func takeDeliverable() -> RequestCore? {
        guard hasDeliverable, share?.group.grants(self) ?? true,
            let core = state.value.waiting.popFirst()
        else { return nil }
        own(core)
        share?.group.took(self)
        return core
    }

    /// Hands out what can be handed out.
    func deliver() {
        if let share { return share.group.deliver() }
        while deliverToIdleWorker() {}
        // A handler may run on after its request has left: the next one needs another worker.
        guard isHandingOut, let start = state.value.workers.start else { return }
        let deliverable = min(
            state.value.waiting.count, presentedLimit - state.value.owned.count)
        while state.value.workers.starting < deliverable {
            if dispatch == .sequential { device.loop.reach(.handlerOutlivesRequest) }
            state.value.workers.starting += 1
            start()
        }
    }

    /// Gives one request to a worker that waits for it.
    /// - Returns: whether there were both.
    func deliverToIdleWorker() -> Bool {
        guard !state.value.workers.idle.isEmpty, let core = takeDeliverable() else { return false }
        state.value.workers.idle.removeLast().resume(returning: core)
        return true
    }

    /// Starts a worker unless one is on its way.
    func startWorkerIfNone() {
        guard state.value.workers.starting == 0, let start = state.value.workers.start else {
            return
        }
        state.value.workers.starting += 1
        start()
    }

    /// Lets the workers go; nothing comes any more.
    func end() {
        state.value.workers.areEnded = true
        let idle = state.value.workers.idle
        state.value.workers.idle = []
        for worker in idle { worker.resume(returning: nil) }
    }
}
