/// A test or a case that names rows: where it is, and how it ended.
package struct Evidence: Sendable {
    package enum Outcome: String, Sendable {
        case passed
        case failed
        /// Left out, or not come to its end.
        case notRun = "not run"
    }

    package var shown: ShownRule
    package var file: String
    package var line: Int
    package var outcome: Outcome

    package init(shown: ShownRule, file: String, line: Int, outcome: Outcome) {
        (self.shown, self.file, self.line, self.outcome) = (shown, file, line, outcome)
    }
}
