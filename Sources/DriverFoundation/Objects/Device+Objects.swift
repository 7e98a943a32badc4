internal import Logging

/// The root of a device's objects, and their end.
extension Device {
    /// Disposes of everything below the device (OBJ-3): cleanups run, then the tree is let go of.
    /// Timers and work that runs are awaited.
    func disposeObjects() async { await object.disposeEarly() }

    /// Lets the tree go, and says what of it is still referred to, although the driver is gone
    /// (OBJ-13).
    func dropObjects() {
        object.drop()
        object.freeContexts()
        // In a task of its own: those of the cleanups let go of their objects as they end.
        let (number, environment, name) = (object.number, environment, name)
        scope.task {
            let left = environment.ledger.live(below: number)
            if left.isEmpty { return }
            let list = left.map(\.description).joined(separator: ", ")
            environment.logger.warning(
                "\(name): OBJ-13: not destroyed: \(list): let go of them in the driver's deinit")
        }
    }

    /// Calls `body` in the device's scope, while nothing else that is synchronised by it runs
    /// (OBJ-11, I-2); `nil` when the loop was stopped.
    ///
    /// Threading: any. Where the caller is in the scope already nothing is acquired twice (S-6).
    @discardableResult
    public func synchronize<Value: Sendable>(
        _ body: @escaping @Sendable () -> Value
    ) async -> Value? {
        await loop.perform { [scope] in
            var value: Value?
            scope.perform { value = body() }
            return value
        } ?? nil
    }
}
