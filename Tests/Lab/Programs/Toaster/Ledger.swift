import DriverFoundation

/// Counts the steps of all devices' lives, and tells of each end.
final class Ledger: @unchecked Sendable {
    // Guarded by `lock`.
    private let lock = Lock()
    private var steps: [String: Int] = [:]
    private let disposals: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (disposals, continuation) = AsyncStream.makeStream() }

    func note(_ step: LifecycleStep) {
        lock.withLock { steps[step.description, default: 0] += 1 }
        if step == .disposed { continuation.yield() }
    }

    /// Waits for the end of one more device.
    func disposal() async {
        for await _ in disposals { return }
    }

    func count(of step: LifecycleStep) -> Int {
        lock.withLock { steps[step.description, default: 0] }
    }

    /// How many devices were matched to a driver.
    var arrivals: Int { count(of: .matched(driver: "Toaster")) }

    /// Whether each callback that began has returned, and what was acquired was given back.
    var isBalanced: Bool {
        DriverCallback.allCases.allSatisfy { count(of: .began($0)) == count(of: .returned($0)) }
            && count(of: .began(.enterD0)) == count(of: .began(.exitD0))
            && count(of: .began(.prepareHardware)) == count(of: .began(.releaseHardware))
            && count(of: .interfacesEnabled) == count(of: .interfacesDisabled)
    }

    var summary: String {
        let pairs = DriverCallback.allCases.map { callback in
            "\(callback.rawValue) \(count(of: .began(callback)))/\(count(of: .returned(callback)))"
        }
        return pairs.joined(separator: ", ")
    }
}
