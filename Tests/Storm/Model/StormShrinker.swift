/// Makes a failing storm smaller: leaves out whole devices and clients, then move after move, and
/// ends it sooner, for as long as it fails in the same way.
package struct StormShrinker {
    /// What a try came to: how it failed, if so, and which moves it made, in order.
    package struct Attempt: Sendable {
        package var failure: String?
        package var moves: [String]
        package var milliseconds = 0

        package init(failure: String?, moves: [String], milliseconds: Int = 0) {
            self.failure = failure
            self.moves = moves
            self.milliseconds = milliseconds
        }

        /// The first of its failures, without words that bear numbers: what makes two the same.
        var kind: String? {
            failure.map { failure in
                let words = failure.prefix { $0 != ";" }.split(separator: " ")
                return words.filter { !$0.contains(where: \.isNumber) }.joined(separator: " ")
            }
        }
    }

    /// How many storms were tried.
    package private(set) var tries = 0
    /// The smallest that has failed so far.
    package private(set) var smallest: StormCase
    /// How it failed.
    package private(set) var failure = ""

    private let attempt: (StormCase) -> Attempt
    private let limit: Int
    private var moves: [String] = []
    private var kind = ""
    /// Leaving out a move moves everything else: other orders of the rest are tried too.
    private static let schedules: UInt64 = 4

    /// How many moves are left.
    package var count: Int { moves.count }

    /// `limit`: how many storms to try.
    package init(
        _ start: StormCase, limit: Int = 3000, _ attempt: @escaping (StormCase) -> Attempt
    ) {
        smallest = start
        self.limit = limit
        self.attempt = attempt
    }

    /// Shrinks until nothing can be left out; `false` if the storm did not fail to begin with.
    package mutating func run() -> Bool {
        let first = attempt(smallest)
        tries = 1
        guard let failure = first.failure, let kind = first.kind else { return false }
        self.kind = kind
        self.failure = failure
        keep(first, of: smallest)
        smallest.kept = Set(first.moves)
        smallest.milliseconds = first.milliseconds
        var before = Int.max
        while moves.count < before, tries < limit {
            before = moves.count
            leaveOutActors()
            endSooner()
            leaveOutMoves()
        }
        return true
    }

    /// Whole devices, clients, and kinds of trouble: a move and all that belongs to it.
    private mutating func leaveOutActors() {
        for actor in moves where !actor.contains(".") {
            let left = moves.filter { $0 != actor && !$0.hasPrefix(actor + ".") }
            _ = tryKeeping(left, smallest.milliseconds)
        }
    }

    private mutating func leaveOutMoves() {
        var size = max(moves.count / 2, 1)
        while true {
            var start = 0
            while start < moves.count, tries < limit {
                let end = min(start + size, moves.count)
                let left = Array(moves[..<start] + moves[end...])
                if !tryKeeping(left, smallest.milliseconds) { start = end }
            }
            if size == 1 { return }
            size /= 2
        }
    }

    private mutating func endSooner() {
        guard var time = smallest.milliseconds else { return }
        while time > 1 {
            time /= 2
            if !tryKeeping(moves, time) { return }
        }
    }

    private mutating func tryKeeping(_ left: [String], _ milliseconds: Int?) -> Bool {
        guard left.count < moves.count || milliseconds != smallest.milliseconds else {
            return false
        }
        for offset in 0..<Self.schedules {
            guard tries < limit else { return false }
            var candidate = smallest
            candidate.kept = Set(left)
            candidate.milliseconds = milliseconds
            candidate.schedule = smallest.schedule &+ offset
            tries += 1
            let outcome = attempt(candidate)
            if outcome.kind == kind {
                keep(outcome, of: candidate)
                return true
            }
        }
        return false
    }

    private mutating func keep(_ outcome: Attempt, of candidate: StormCase) {
        // Only what it did make counts: the rest was in vain.
        smallest = candidate
        failure = outcome.failure ?? failure
        moves = outcome.moves.filter { candidate.makes($0) }
        smallest.kept = Set(moves)
    }
}
