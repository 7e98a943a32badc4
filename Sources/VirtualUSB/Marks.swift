package import DriverRuntime

extension Mark {
    /// A host gave up a transfer whose end had been decided but not reported.
    static let cancelWhileCompletionPosted = Mark("cancel while the completion is posted")
    /// A host gave up a transfer that the device had begun to answer.
    static let cancelOfFilledTransfer = Mark("cancel of a transfer that holds bytes")

    /// All that the device side marks.
    package static let virtualUSB: [Mark] = [cancelWhileCompletionPosted, cancelOfFilledTransfer]
}

extension PlantedFault {
    /// A transfer whose end has been decided is given back all the same: it ends twice.
    static let withdrawnTooLate = PlantedFault("a transfer is withdrawn after its end")

    /// All that the device side makes.
    package static let virtualUSB: [PlantedFault] = [withdrawnTooLate]
}
