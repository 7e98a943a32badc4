import DriverFoundation

/// What was seen of the devices' lives: whether every callback has returned, and has had its pair.
package struct Account: Sendable, Hashable {
    private var began: [DriverCallback: Int] = [:]
    private var returned: [DriverCallback: Int] = [:]
    private var threw: [DriverCallback: Int] = [:]
    /// Devices that were matched to a driver.
    package private(set) var arrivals = 0
    /// Devices that have come to the end of their lives.
    package private(set) var departures = 0

    package init() {}

    package mutating func note(_ step: LifecycleStep) {
        switch step {
        case .matched: arrivals += 1
        case .disposed: departures += 1
        case .began(let callback): began[callback, default: 0] += 1
        case .returned(let callback): returned[callback, default: 0] += 1
        case .threw(let callback, _): threw[callback, default: 0] += 1
        default: break
        }
    }

    /// How many callbacks were called.
    package var callbacks: Int { began.values.reduce(0, +) }

    /// What does not add up, in words; nothing once every device has come to its end.
    package var imbalances: [String] {
        var words: [String] = []
        for callback in DriverCallback.allCases {
            let began = began[callback, default: 0]
            let ended = returned[callback, default: 0] + threw[callback, default: 0]
            if began != ended {
                words.append("\(callback.rawValue) began \(began) times and ended \(ended) times")
            }
        }
        // PNP-12: even a failed prepareHardware has its pair; PNP-13: a failed enterD0 has none.
        let prepared = began[.prepareHardware, default: 0]
        let released = began[.releaseHardware, default: 0]
        if prepared != released {
            words.append("prepareHardware \(prepared) times, releaseHardware \(released) times")
        }
        let entered = returned[.enterD0, default: 0], left = began[.exitD0, default: 0]
        if entered != left { words.append("enterD0 \(entered) times, exitD0 \(left) times") }
        if arrivals != departures {
            words.append("\(arrivals) devices arrived and \(departures) came to their end")
        }
        return words
    }

    /// One line for a summary.
    package var summary: String {
        imbalances.isEmpty
            ? "callbacks: \(callbacks), each returned, each with its pair"
            : "callbacks: \(callbacks), unbalanced: " + imbalances.joined(separator: "; ")
    }
}
