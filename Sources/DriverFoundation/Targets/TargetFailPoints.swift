extension FailPoint {
    static let targetOpen = FailPoint("a target is opened")
    static let targetStart = FailPoint("a target is started")
    static let targetRequest = FailPoint("a target takes a request")
    static let targetReply = FailPoint("a request that was sent ends")

    /// Where targets can fail.
    static let targets: [FailPoint] = [targetOpen, targetStart, targetRequest, targetReply]

    /// A driver's say in the removal of a device that it has open (T-6).
    static let targetQuery = "a target's queryRemove"
}
