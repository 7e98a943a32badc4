/// The rows beside what showed them in a run.
package struct Coverage: Sendable {
    package let list: RowList
    private var evidenceByRow: [RowID: [Evidence]] = [:]
    /// What must not be: each a line.
    package private(set) var problems: [String]

    package init(list: RowList, evidence: [Evidence]) {
        self.list = list
        problems = list.problems
        for item in evidence {
            for text in item.shown.unreadable {
                problems.append(
                    "\(item.file):\(item.line): `\(text)`: rows are named one by one, "
                        + "separated by commas, a colon behind them")
            }
            for id in item.shown.rows {
                if list.knows(id) {
                    evidenceByRow[id, default: []].append(item)
                } else {
                    problems.append("\(item.file):\(item.line): there is no row \(id)")
                }
            }
        }
        for row in list.rows where row.status == .done {
            if !self.evidence(of: row.id).contains(where: { $0.outcome == .passed }) {
                problems.append("\(row.id) is done, and no test that passed shows it")
            }
        }
    }

    package func evidence(of id: RowID) -> [Evidence] {
        (evidenceByRow[id] ?? []).sorted { ($0.file, $0.line) < ($1.file, $1.line) }
    }

    /// Each row, and below it each test that names it: file and line, how it ended, the rule.
    package var lines: [String] {
        list.rows.flatMap { row -> [String] in
            let note = row.note.isEmpty ? "" : " (\(row.note))"
            let head = "\(row.id) \(row.mapping.rawValue) \(row.status.rawValue): \(row.title)"
            return [head + note]
                + evidence(of: row.id).map {
                    "    \($0.file):\($0.line): \($0.outcome.rawValue): \($0.shown.rule)"
                }
        }
    }

    /// Rows that are open though tests that passed name them: someone should look.
    package var promising: [RowID] {
        list.rows.filter { row in
            row.status == .open
                && self.evidence(of: row.id).contains { $0.outcome == .passed }
        }.map(\.id)
    }
}
