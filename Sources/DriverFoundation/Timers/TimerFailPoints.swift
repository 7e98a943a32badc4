extension FailPoint {
    static let timer = FailPoint("a timer is made")
    static let workItem = FailPoint("a work item is made")
    static let deferredCall = FailPoint("a deferred call is made")

    /// Where timers and work items can fail.
    static let timers: [FailPoint] = [timer, workItem, deferredCall]
}
