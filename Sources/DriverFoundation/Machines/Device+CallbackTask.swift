/// In which task a callback of Plug and Play or power runs now.
extension Device {
    /// The number of the present task: only compared, while the task lives.
    private var presentTask: Int? { unsafe withUnsafeCurrentTask { unsafe $0?.hashValue } }

    /// Runs `body`, a callback of the driver, noting its task.
    func inCallback(
        _ body: () async throws(DeviceError) -> Void
    ) async throws(DeviceError) {
        let task = presentTask ?? 0
        state.value.lifecycle.callbackTasks.append(task)
        defer {
            // A notice of departure runs beside another callback, and either may end first.
            if let place = state.value.lifecycle.callbackTasks.firstIndex(of: task) {
                state.value.lifecycle.callbackTasks.remove(at: place)
            }
        }
        try await body()
    }

    /// Whether the caller is such a callback: what waits for the machines must not be.
    var isInCallback: Bool {
        presentTask.map(state.value.lifecycle.callbackTasks.contains) ?? false
    }
}
