/// One storm, exactly: its seed, the order in which things run, and which of its moves are made.
///
/// As text, `SEED`, or what shrinking has left of it: `SEED@SCHEDULE:MOVE,MOVE,…`, with `for=N`
/// among the moves for a storm that is over after so many milliseconds.
package struct StormCase: Hashable, Sendable, LosslessStringConvertible {
    /// What the storm is made of.
    package let seed: UInt64
    /// What decides which of several that are ready runs first.
    package var schedule: UInt64
    /// The moves that are made; `nil` for all.
    package var kept: Set<String>?
    /// How long the storm lasts at most.
    package var milliseconds: Int?

    package init(seed: UInt64) {
        self.seed = seed
        schedule = seed
    }

    package init?(_ text: String) {
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = halves[0].split(separator: "@", omittingEmptySubsequences: false).map {
            UInt64($0)
        }
        guard let first = numbers.first, let seed = first, numbers.count <= 2 else { return nil }
        self.init(seed: seed)
        if numbers.count == 2 {
            guard let schedule = numbers[1] else { return nil }
            self.schedule = schedule
        }
        guard halves.count == 2 else { return }
        var kept: Set<String> = []
        for move in halves[1].split(separator: ",") {
            if move.hasPrefix("for=") {
                guard let number = Int(move.dropFirst(4)), number >= 0 else { return nil }
                milliseconds = number
            } else {
                kept.insert(String(move))
            }
        }
        self.kept = kept
    }

    package var description: String {
        var text = "\(seed)"
        if schedule != seed { text += "@\(schedule)" }
        guard let kept else { return text }
        let limit = milliseconds.map { ["for=\($0)"] } ?? []
        return text + ":" + (limit + kept.sorted()).joined(separator: ",")
    }

    /// Whether a move is made.
    func makes(_ move: String) -> Bool { kept?.contains(move) ?? true }
}
