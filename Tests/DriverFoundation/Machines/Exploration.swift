/// Breadth-first search through everything that can happen: every state of a model once, with the
/// shortest way to whatever breaks a rule.
struct Exploration<Model: Hashable, Move: Hashable> {
    /// What may come next in a state of the model; none where it rests.
    let moves: (Model) -> [Move]
    /// Where a move leads, or what is wrong with it.
    let result: (Model, Move) -> Result<Model, Violation>
    /// What is wrong with a state in which nothing can come any more; `nil` for nothing.
    let problemAtRest: (Model) -> String?

    struct Violation: Error, Hashable {
        let text: String
        init(_ text: String) { self.text = text }
    }

    struct Report: CustomStringConvertible {
        var states = 0
        var transitions = 0
        var ends = 0
        /// What is wrong, each with the moves that lead there.
        var violations: [String] = []
        /// Set when not everything was visited.
        var isCut = false

        var description: String {
            "\(states) states, \(transitions) transitions, \(ends) ends"
                + (isCut ? ", cut short" : "")
        }
    }

    /// Visits everything reachable from `start`, at most `limit` states.
    func run(from start: Model, limit: Int = 5_000_000) -> Report {
        var report = Report()
        var models = [start]
        var numbers = [start: 0]
        var origins: [(from: Int, move: Move)?] = [nil]
        var next = 0

        func path(to number: Int) -> String {
            var moves: [String] = []
            var at = number
            while let origin = origins[at] {
                moves.append("\(origin.move)")
                at = origin.from
            }
            return moves.reversed().joined(separator: ", ")
        }

        while next < models.count {
            let model = models[next]
            let possible = moves(model)
            if possible.isEmpty {
                report.ends += 1
                if let problem = problemAtRest(model) {
                    report.violations.append("\(problem)\n  after \(path(to: next))\n  in \(model)")
                }
            }
            for move in possible {
                report.transitions += 1
                switch result(model, move) {
                case .failure(let violation):
                    report.violations.append(
                        "\(violation.text)\n  after \(path(to: next)), \(move)\n  in \(model)")
                case .success(let reached):
                    guard numbers[reached] == nil else { continue }
                    numbers[reached] = models.count
                    models.append(reached)
                    origins.append((next, move))
                }
            }
            next += 1
            if models.count > limit || report.violations.count >= 10 {
                report.isCut = true
                break
            }
        }
        report.states = models.count
        return report
    }
}
