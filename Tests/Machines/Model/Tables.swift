import DriverFoundation

/// Which of a device's machines, in the order in which their events are taken: the innermost first.
package enum MachineName: UInt8, CaseIterable, Sendable {
    case selfManagedIO, power, idle, policy, pnp
}

/// What one event means in one state, as small as can be.
package struct Row: Hashable, Sendable {
    package enum Kind: UInt8, Sendable {
        case forbidden, go, stay, later
    }

    package var kind: Kind = .forbidden
    package var target: UInt8 = 0
    /// Its effects in ``Tables/operations``.
    package var first: UInt16 = 0
    package var count: UInt8 = 0
}

/// What comes from outside: all of it, or a part of which more can come.
package enum Scope: String, Sendable, CaseIterable {
    case everything, plugAndPlay, power
}

/// The five machines' tables, each state and event a number: what is explored, and what is mutated.
package struct Tables: Sendable {
    /// One machine's part of the tables.
    package struct Section: Sendable {
        package let name: MachineName
        /// Its first row, and its first state among all machines'.
        package let firstRow: Int
        package let firstState: Int
        package let stateNames: [String]
        package let eventNames: [String]
        package let eventCount: Int
    }

    package internal(set) var sections: [Section] = []
    package internal(set) var rows: [Row] = []
    package internal(set) var operations: [Operation] = []
    package internal(set) var operationNames: [String] = []
    /// What the rules ask of a state.
    var traits: [Traits] = []
    let alphabet = Alphabet()
    /// What may come from outside.
    package var scope = Scope.everything
    /// By the policy's event: the bits of those that it replaces.
    let replaced: [UInt64]
    let setFailed: UInt8
    let restart: UInt8

    // Where the sections begin, without the detour over an array.
    private var firstRows = SIMD8<Int32>(repeating: 0)
    private var firstStates = SIMD8<Int32>(repeating: 0)
    private var eventCounts = SIMD8<Int32>(repeating: 0)

    package init() {
        setFailed = alphabet.pnp.number(.setFailed)
        restart = alphabet.pnp.number(.restart)
        let letters = alphabet.policy
        replaced =
            [0]
            + letters.events.map { event in
                letters.events.filter { PowerPolicyMachine.replaces(event, $0) }
                    .reduce(0) { $0 | 1 << UInt64(letters.number($1)) }
            }
        // In the order of `MachineName`.
        add(SelfManagedIOMachine.self, .created, alphabet.selfManagedIO, Traits.of, operation)
        add(PowerMachine.self, .off, alphabet.power, Traits.of, operation)
        add(IdleMachine.self, .stopped, alphabet.idle, Traits.of, operation)
        add(PowerPolicyMachine.self, .created, alphabet.policy, Traits.of, operation)
        add(PnPMachine.self, .created, alphabet.pnp, Traits.of, operation)
    }

    /// The row of `event`, numbered from one, in `state`.
    @inline(__always)
    func row(_ machine: MachineName, _ state: UInt8, _ event: UInt8) -> Int {
        let index = Int(machine.rawValue)
        return Int(firstRows[index]) + Int(state) * Int(eventCounts[index]) + Int(event) - 1
    }

    @inline(__always)
    func traits(_ machine: MachineName, _ state: UInt8) -> Traits {
        traits[Int(firstStates[Int(machine.rawValue)]) + Int(state)]
    }

    /// Everything that the table alone can reach from its first state.
    private mutating func add<Machine: StateMachine>(
        _ machine: Machine.Type, _ start: Machine.State, _ letters: Alphabet.Letters<Machine.Event>,
        _ traits: (Machine.State) -> Traits, _ operation: (Machine.Effect) -> Operation
    ) {
        guard let name = MachineName(rawValue: UInt8(sections.count)) else { return }
        var states = [start]
        var numbers = [start: 0]
        var next = 0
        let firstRow = rows.count
        while next < states.count {
            for event in letters.events {
                var row = Row()
                var effects: [Machine.Effect] = []
                switch machine.reduce(states[next], event) {
                case nil: break
                case .later: row.kind = .later
                case .stay(let own): (row.kind, effects) = (.stay, own)
                case .go(let target, let own):
                    (row.kind, effects) = (.go, own)
                    if numbers[target] == nil {
                        numbers[target] = states.count
                        states.append(target)
                    }
                    row.target = UInt8(numbers[target] ?? 0)
                }
                row.first = UInt16(operations.count)
                row.count = UInt8(effects.count)
                operations += effects.map(operation)
                operationNames += effects.map { machineText($0) }
                rows.append(row)
            }
            next += 1
        }
        let index = Int(name.rawValue)
        firstRows[index] = Int32(firstRow)
        firstStates[index] = Int32(self.traits.count)
        eventCounts[index] = Int32(letters.events.count)
        sections.append(
            Section(
                name: name, firstRow: firstRow, firstState: self.traits.count,
                stateNames: states.map { machineText($0) },
                eventNames: letters.events.map { machineText($0) },
                eventCount: letters.events.count))
        self.traits += states.map(traits)
    }
}

/// What a row is called.
extension Tables {
    package struct Place: Sendable {
        package let section: Section
        package let state: Int
        package let event: Int
        package var stateName: String { section.stateNames[state] }
        package var eventName: String { section.eventNames[event] }
        package var name: String { "\(section.name) \(stateName) \(eventName)" }
    }

    package func place(of row: Int) -> Place {
        let section = sections.last { $0.firstRow <= row } ?? sections[0]
        let (state, event) = (row - section.firstRow).quotientAndRemainder(
            dividingBy: section.eventCount)
        return Place(section: section, state: state, event: event)
    }

    package func stateName(_ machine: MachineName, _ state: UInt8) -> String {
        sections[Int(machine.rawValue)].stateNames[Int(state)]
    }
}
