import DriverFoundation

/// Every event that each machine knows, numbered from one.
struct Alphabet: Sendable {
    struct Letters<Event: Hashable & Sendable>: Sendable {
        let events: [Event]
        private let numbers: [Event: UInt8]

        init(_ events: [Event]) {
            self.events = events
            numbers = Dictionary(
                uniqueKeysWithValues: events.enumerated().map { ($1, UInt8($0 + 1)) })
        }

        /// Zero for an event that is not in the list: an effect that posts it breaks a rule.
        func number(_ event: Event) -> UInt8 { numbers[event] ?? 0 }
    }

    let selfManagedIO = Letters(SelfManagedIOMachine.Event.allCases)
    let idle = Letters(IdleMachine.Event.allCases)
    let pnp = Letters(PnPMachine.Event.allCases)
    // The environment knows two low states.
    let power = Letters(PowerMachine.Event.allCases.filter { $0 != .dx(.d1) })
    let policy = Letters(PowerPolicyMachine.Event.allCases)
}
