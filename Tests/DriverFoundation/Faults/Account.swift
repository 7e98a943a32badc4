import DriverFoundation

/// What must balance at a life's end: each callback's begin and end, what was taken and given back,
/// each request's one answer, and that nothing stays in memory.
///
/// Sendable because one simulation's thread alone touches it.
final class Account: @unchecked Sendable {
    private(set) var steps: [LifecycleStep] = []
    private(set) var answers: [String] = []
    private var asked = 0
    private var lives: [Life] = []
    /// Which of them a device has. Another may be where one was in memory.
    private var present: [ObjectIdentifier: Int] = [:]

    private struct Life {
        weak var device: Device?
        var steps: [LifecycleStep] = []
    }

    func begin() { asked += 1 }
    func end(_ answer: String) { answers.append(answer) }

    func note(_ step: LifecycleStep, of device: Device) {
        steps.append(step)
        if case .matched = step {
            present[ObjectIdentifier(device)] = lives.count
            lives.append(Life(device: device))
        }
        if let index = present[ObjectIdentifier(device)] { lives[index].steps.append(step) }
    }

    /// Throws what does not balance.
    func check() throws {
        try same(answers.count, asked, "answers")
        for life in lives { try Self.check(life.steps) }
    }

    /// What is still in memory.
    var left: Int { lives.filter { $0.device != nil }.count }

    private static func check(_ steps: [LifecycleStep]) throws {
        func count(_ isIt: (LifecycleStep) -> Bool) -> Int { steps.filter(isIt).count }
        for callback in DriverCallback.allCases {
            let begun = count { $0 == .began(callback) }
            let ended = count {
                if case .threw(callback, _) = $0 { true } else { $0 == .returned(callback) }
            }
            try same(ended, begun, "ends of \(callback.rawValue)")
        }
        try same(
            count { $0 == .began(.releaseHardware) }, count { $0 == .began(.prepareHardware) },
            "releases")
        try same(
            count { $0 == .began(.exitD0) }, count { $0 == .returned(.enterD0) }, "exits of D0")
        try same(
            count { $0 == .hardwareClosed }, count { $0 == .hardwareAcquired }, "closes")
        try same(
            count { $0 == .interfacesDisabled }, count { $0 == .interfacesEnabled }, "interfaces")
        try same(count { $0 == .disposed }, 1, "ends")
        try same(steps.last, .disposed, "the last step")
    }
}
