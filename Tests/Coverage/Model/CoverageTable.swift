/// How many rows are done, open, and not applicable.
package struct Tally: Sendable, Equatable {
    package var done = 0
    package var open = 0
    package var notApplicable = 0

    package init(_ rows: [Row]) {
        for row in rows {
            switch row.status {
            case .done: done += 1
            case .open: open += 1
            case .notApplicable: notApplicable += 1
            }
        }
    }
}

extension RowList {
    /// The sections whose rows are listed, those of one number together.
    var chapters: [(number: String, title: String, rows: [Row])] {
        var chapters: [(number: String, title: String, rows: [Row])] = []
        for section in sections where !section.isElsewhere {
            if chapters.last?.number == section.number {
                chapters[chapters.count - 1].rows += rows(of: section)
            } else {
                chapters.append((section.number, section.title, rows(of: section)))
            }
        }
        return chapters
    }

    /// Rows per section, a line each, and all.
    package var totals: [String] {
        let width = (chapters.map(\.title.count).max() ?? 0) + 2
        func line(_ number: String, _ title: String, _ tally: [String]) -> String {
            let fields = tally.map { String(repeating: " ", count: max(0, 6 - $0.count)) + $0 }
            return number + String(repeating: " ", count: max(1, 6 - number.count)) + title
                + String(repeating: " ", count: max(1, width - title.count)) + fields.joined()
        }
        func line(_ number: String, _ title: String, _ rows: [Row]) -> String {
            let tally = Tally(rows)
            return line(
                number, title,
                [tally.done, tally.open, tally.notApplicable].map(String.init))
        }
        return [line("", "", ["done", "open", "n/a"])]
            + chapters.map { line($0.number, $0.title, $0.rows) } + [line("", "in all", rows)]
    }

    /// The same as an article for the documentation, with each row.
    package var article: String {
        var text = """
            # Coverage

            What of the Windows Driver Framework's model is here, row by row.

            ## Overview

            Each row is a capability or a rule. KEEP means the same rule; ADAPT the same contract by
            another means; REDUCE a smaller version; N-A that it makes no sense here. A row is done
            when a test that names it passes; `Tests/run coverage` prints which.

            This page is written from the list of rows by `Tests/run coverage --write`.

            | Section | Done | Open | N/A |
            |---|---:|---:|---:|

            """
        for chapter in chapters {
            let tally = Tally(chapter.rows)
            text += "| \(chapter.number) \(chapter.title) | \(tally.done) | \(tally.open) "
            text += "| \(tally.notApplicable) |\n"
        }
        let tally = Tally(rows)
        text += "| in all | \(tally.done) | \(tally.open) | \(tally.notApplicable) |\n"
        for chapter in chapters {
            text += """

                ## \(chapter.number) \(chapter.title)

                | Row | What | Mapping | Status | Where | Note |
                |---|---|---|---|---|---|

                """
            for row in chapter.rows {
                let places = row.places.map { "`\($0)`" }.joined(separator: ", ")
                let cells = [
                    "\(row.id)", row.title, row.mapping.rawValue, row.status.rawValue, places,
                    row.note,
                ]
                text += "| "
                text += cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")
                text += " |\n"
            }
        }
        return text
    }
}
