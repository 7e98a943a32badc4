extension FailPoint {
    /// What reports call a filter's callback.
    static func filter(_ callback: DriverCallback) -> String { "a filter's \(callback.rawValue)" }

    /// The callbacks that filters have and that may fail.
    static let filterCallbacks: [DriverCallback] = [
        .deviceAdd, .prepareHardware, .enterD0, .exitD0, .releaseHardware, .queryRemove, .queryStop,
    ]
}
