/// Where a machine of a device is, and what brought it there (ENG-4): for a debugging print, and
/// part of what the verifier finds.
public struct MachineReport: Sendable, Hashable, CustomStringConvertible {
    /// An event that the machine took.
    public struct Turn: Sendable, Hashable, CustomStringConvertible {
        /// The event.
        public let event: String
        /// The state that it led to; `nil` when the machine stayed where it was.
        public let state: String?
        /// Whether nothing has come of it yet: the machine takes it again in its next state.
        public let isKept: Bool

        /// Such as `start → acquiringHardware`.
        public var description: String {
            state.map { "\(event) → \($0)" } ?? (isKept ? "\(event) kept" : event)
        }
    }

    /// Which machine.
    public let machine: DeviceMachine
    /// Where it is.
    public let state: String
    /// What it will take in its next state, oldest first.
    public let kept: [String]
    /// What it took last, oldest first; eight at most.
    public let turns: [Turn]

    init<Machine: StateMachine>(_ machine: DeviceMachine, _ run: MachineRun<Machine>) {
        self.machine = machine
        state = machineText(run.state)
        kept = run.kept.map { machineText($0) }
        turns = run.ring.last.map { Turn($0) }
    }

    /// Such as `power is d0 after selfManagedIOStarted → d0`.
    public var description: String {
        var text = "\(machine.rawValue) is \(state)"
        if !kept.isEmpty { text += ", keeps \(kept.joined(separator: ", "))" }
        if !turns.isEmpty { text += " after \(turns.map(\.description).joined(separator: ", "))" }
        return text
    }
}

extension MachineReport.Turn {
    fileprivate init<Machine: StateMachine>(_ turn: EventRing<Machine>.Turn) {
        event = machineText(turn.event)
        switch turn.outcome {
        case .went(let entered): (state, isKept) = (machineText(entered), false)
        case .stayed: (state, isKept) = (nil, false)
        case .kept: (state, isKept) = (nil, true)
        }
    }
}

extension Device {
    /// Where each of the device's machines is, and what it did last (ENG-4).
    ///
    /// Threading: the device's scope.
    public var machineReports: [MachineReport] {
        [
            MachineReport(.plugAndPlay, state.value.pnp),
            MachineReport(.powerPolicy, state.value.lifecycle.policy),
            MachineReport(.power, state.value.power),
            MachineReport(.idle, state.value.lifecycle.idle),
            MachineReport(.selfManagedIO, state.value.lifecycle.selfManagedIO),
        ]
    }
}

/// A state or an event as charts, reports and tables have it: without spaces, and without the
/// modules and types that the default description of values in values spells out.
package func machineText(_ value: some Sendable) -> String {
    var words: [String] = []
    var word = ""
    for character in "\(value)" {
        if character.isLetter || character.isNumber || character == "_" {
            word.append(character)
        } else if character == "." {
            word = ""
        } else {
            words.append(word)
            word = ""
            if character != " " { words.append(String(character)) }
        }
    }
    words.append(word)
    return words.joined()
}
