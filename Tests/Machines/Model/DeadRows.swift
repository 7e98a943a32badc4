/// Entries of the tables that no exploration takes: none, or for a reason.
package enum DeadRows {
    /// By machine, state and event, without the values that they carry.
    static let reasons: [(pattern: String, reason: String)] = [
        (
            "pnp * powerUpFailed",
            "shared by all that is at work or out of use: power fails while started"
        ),
        (
            "pnp * powerDownFailed",
            "as powerUpFailed"
        ),
        (
            "pnp * surpriseNoticed",
            "one list for all on the way out: the notice ends before the queues are purged"
        ),
        (
            "pnp noticingSurpriseRemoval surpriseRemove",
            "one list for all on the way out: a departure comes once"
        ),
        (
            "idle * enable*",
            "settings reach an idle machine in D0 alone; out of use it ignores them"
        ),
        (
            "idle * down",
            "goes down once; ignored when it is there"
        ),
        (
            "idle stopped stop",
            "ignored when it is there"
        ),
        (
            "idle stopped upFailed",
            "ignored when it is there"
        ),
        (
            "policy * idleEnabled",
            "only what was disabled is enabled: such a device does not idle"
        ),
        (
            "policy asleep systemSleep",
            "a system that says so twice is answered twice"
        ),
        (
            "policy * ioPresent",
            "an idle machine out of use reports nothing; one list for all out of use or at work"
        ),
        (
            "policy created suspend*",
            "one list for all out of use: nobody was asked yet"
        ),
        (
            "policy starting *",
            "one list for all at work: nothing stops the policy before it has started"
        ),
        (
            "selfManagedIO created suspend",
            "power suspends what it began to start: before, there is nothing to"
        ),
    ]

    package static func reason(for name: String) -> String? {
        reasons.first { Survivors.matches(name[...], $0.pattern[...]) }?.reason
    }

    package static func names(in tables: Tables, uses: [Int]) -> [String] {
        var isTaken: [String: Bool] = [:]
        for (row, count) in uses.enumerated() where tables.rows[row].kind != .forbidden {
            let place = tables.place(of: row)
            let words = [place.stateName, place.eventName].map {
                $0.prefix { $0 != "(" }
            }
            let name = "\(place.section.name) \(words[0]) \(words[1])"
            isTaken[name] = (isTaken[name] ?? false) || count > 0
        }
        return isTaken.filter { !$0.value }.map(\.key).sorted()
    }

    package static func staleNames(dead: [String]) -> [String] {
        reasons.map(\.pattern).filter { pattern in
            !dead.contains { Survivors.matches($0[...], pattern[...]) }
        }
    }
}
