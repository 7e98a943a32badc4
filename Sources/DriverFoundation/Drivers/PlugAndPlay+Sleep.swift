/// The system's sleep.
extension PlugAndPlay {
    /// Takes every device down or brings it back, as the system sleeps or works again (PNP-5), and
    /// returns when all are there: children before their parents on the way down, after them on
    /// the way up. Called by the options' ``SleepSource``, or by a program that knows.
    ///
    /// Threading: any. Cancellation: none.
    public func system(_ sleep: SystemSleep) async {
        let roots = await devices().filter { $0.parent == nil }
        await Device.all(roots, sleep)
    }
}

extension Device {
    /// Each device with those that hang on it, all at once.
    fileprivate static func all(_ devices: [Device], _ sleep: SystemSleep) async {
        let tasks = devices.map { device in
            device.scope.task { await device.withChildren(sleep) }
        }
        for task in tasks { await task.value }
    }

    private func withChildren(_ sleep: SystemSleep) async {
        switch sleep {
        case .falling:
            await Self.all(children, sleep)
            await systemFallsAsleep()
        case .awake:
            await systemWakes()
            await Self.all(children, sleep)
        }
    }
}
