/// Drivers whose devices are gone: each should be gone too (VF-42).
struct LeftDrivers {
    private var all: [Left] = []

    private struct Left {
        weak var driver: (any FunctionDriver)?
        let device: String
    }

    mutating func add(_ driver: any FunctionDriver, of device: String) {
        all.removeAll { $0.driver == nil }
        all.append(Left(driver: driver, device: device))
    }

    /// What is still there: the driver's type and its device's name.
    var present: [(type: String, device: String)] {
        all.compactMap { left in left.driver.map { ("\(type(of: $0))", left.device) } }
    }
}

extension PlugAndPlay {
    /// At the end: names the drivers that something still holds, after a few turns in which what
    /// is about to let go of them can do so.
    func reportLeftDrivers() async {
        for _ in 0..<8 {
            guard await bus.loop.perform({ [self] in hasLeftDrivers }) == true else { return }
        }
        await bus.loop.perform { [self] in
            let left = verifier.leftDrivers
            guard left.count > verifier.options.leakLimit else { return }
            for (type, device) in left {
                verifier.report(
                    "VF-42", device, "its driver \(type) is left after its end",
                    "a task that never ends holds it, or two objects hold each other: end tasks in "
                        + "releaseHardware(), and capture the driver weakly in closures it keeps")
            }
        }
    }

    private var hasLeftDrivers: Bool { verifier.leftDrivers.count > verifier.options.leakLimit }
}
