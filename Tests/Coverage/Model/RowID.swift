/// A row's name: `PNP-8`, `CHART-P`.
package struct RowID: Hashable, Sendable, CustomStringConvertible {
    package let area: String
    /// A number, or a letter for a chart.
    package let place: String

    /// Nil if `text` is not a row's name as a whole.
    package init?(_ text: some StringProtocol) {
        guard let match = String(text).wholeMatch(of: /([A-Z]+)-([0-9]+|[A-Z])/) else {
            return nil
        }
        area = String(match.1)
        place = String(match.2)
    }

    init(area: String, place: String) {
        self.area = area
        self.place = place
    }

    package var description: String { "\(area)-\(place)" }
}

/// What a test's name says: the rows it shows, and the rule. `Q-7, Q-8: a drained queue…`.
package struct ShownRule: Hashable, Sendable {
    package var rows: [RowID]
    package var rule: String
    /// What begins like a row's name and is none: a list that is not separated by commas, a range.
    package var unreadable: [String]

    package init(name: String) {
        (rows, rule, unreadable) = ([], name, [])
        guard let colon = name.firstRange(of: ": ") else { return }
        for part in name[..<colon.lowerBound].split(separator: ",") {
            let part = part.drop { $0 == " " }
            if let row = RowID(part) {
                rows.append(row)
            } else if part.contains(/^[A-Z]+-[0-9]/) {
                unreadable.append(String(part))
            }
        }
        if !rows.isEmpty { rule = String(name[colon.upperBound...]) }
    }

    /// A case's name in a log has no spaces: `Q-7,Q-8-a-drained-queue`.
    package init(caseName: String) {
        (rows, rule, unreadable) = ([], caseName, [])
        var rest = Substring(caseName)
        while let match = rest.prefixMatch(of: /([A-Z]+-(?:[0-9]+|[A-Z]))(?:[,:-]|$)/) {
            guard let row = RowID(match.1) else { break }
            rows.append(row)
            rest = rest[match.range.upperBound...]
            if !match.0.hasSuffix(",") { break }
        }
        if !rows.isEmpty { rule = String(rest.replacing("-", with: " ")) }
    }
}
