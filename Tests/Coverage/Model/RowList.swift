/// The list of rows, and what is wrong with it.
package struct RowList: Sendable {
    package private(set) var sections: [Section] = []
    package private(set) var rows: [Row] = []
    /// Each with its file and line.
    package private(set) var problems: [String] = []
    private var byID: [RowID: Int] = [:]

    package subscript(id: RowID) -> Row? { byID[id].map { rows[$0] } }

    /// Whether a test may name it.
    package func knows(_ id: RowID) -> Bool {
        sections.contains { $0.rows.contains(id) }
    }

    package func rows(of section: Section) -> [Row] { section.rows.compactMap { self[$0] } }

    /// - Parameters:
    ///   - sections: `number, title, area, places [, elsewhere]`, separated by tabs; places as
    ///     `1-4 7` or `P W`.
    ///   - rows: `id, title, mapping, status, where, note`, separated by tabs, in the sections'
    ///     order; where is `-` or paths separated by commas, the note `-` or a sentence.
    ///   - exists: Whether a path of the repository exists.
    package init(sections: String, rows: String, exists: (String) -> Bool) {
        for (number, line) in Self.lines(of: sections) { addSection(line, at: number) }
        for (number, line) in Self.lines(of: rows) { addRow(line, at: number, exists: exists) }
        checkCompleteness()
    }

    private static func lines(of text: String) -> [(Int, Substring)] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.element.isEmpty && !$0.element.hasPrefix("#") }
            .map { ($0.offset + 1, $0.element) }
    }

    private mutating func addSection(_ line: Substring, at number: Int) {
        let fields = line.split(separator: "\t").map(String.init)
        guard fields.count == 4 || fields.count == 5 && fields[4] == "elsewhere" else {
            problems.append("sections.tsv:\(number): four fields are expected, or `elsewhere`")
            return
        }
        let ids = fields[3].split(separator: " ").flatMap { part -> [RowID] in
            if let range = part.wholeMatch(of: /([0-9]+)-([0-9]+)/),
                let first = Int(range.1), let last = Int(range.2), first <= last
            {
                return (first...last).map { RowID(area: fields[2], place: String($0)) }
            }
            return [RowID(area: fields[2], place: String(part))]
        }
        sections.append(
            Section(
                number: fields[0], title: fields[1], rows: ids, isElsewhere: fields.count == 5))
    }

    private mutating func addRow(
        _ line: Substring, at number: Int, exists: (String) -> Bool
    ) {
        let place = "rows.tsv:\(number)"
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            .map(String.init)
        guard fields.count == 6, !fields.contains("") else {
            problems.append("\(place): six fields are expected, none empty; `-` is nothing")
            return
        }
        guard let id = RowID(fields[0]) else {
            problems.append("\(place): `\(fields[0])` is no row's name")
            return
        }
        guard let mapping = Row.Mapping(rawValue: fields[2]) else {
            problems.append("\(place): \(id): `\(fields[2])` is no mapping")
            return
        }
        guard let status = Row.Status(rawValue: fields[3]) else {
            problems.append("\(place): \(id): `\(fields[3])` is no status")
            return
        }
        let row = Row(
            id: id, title: fields[1], mapping: mapping, status: status,
            places: fields[4] == "-" ? [] : fields[4].split(separator: ",").map(String.init),
            note: fields[5] == "-" ? "" : fields[5])
        problems += Self.problems(of: row, exists: exists).map { "\(place): \(id): \($0)" }
        if byID.updateValue(rows.count, forKey: id) != nil {
            problems.append("\(place): \(id) is listed twice")
        }
        rows.append(row)
    }

    private static func problems(of row: Row, exists: (String) -> Bool) -> [String] {
        var problems: [String] = []
        switch row.status {
        case .notApplicable where row.note.isEmpty:
            problems.append("it is not applicable, and no reason is given")
        case .done where row.places.isEmpty:
            problems.append("it is done, and nothing says where")
        default: break
        }
        if row.mapping == .notApplicable && row.status != .notApplicable {
            problems.append("its mapping is N-A, its status \(row.status.rawValue)")
        }
        return problems + row.places.filter { !exists($0) }.map { "there is no \($0)" }
    }

    /// Each row of a section once, in the sections' order: two branches that change rows then
    /// change lines.
    private mutating func checkCompleteness() {
        let expected = sections.filter { !$0.isElsewhere }.flatMap(\.rows)
        for id in expected where byID[id] == nil {
            problems.append("rows.tsv: \(id) is missing")
        }
        let known = Set(expected)
        for row in rows where !known.contains(row.id) {
            problems.append("rows.tsv: \(row.id) is in no section")
        }
        let order = rows.map(\.id).filter(known.contains)
        let wanted = expected.filter { byID[$0] != nil }
        if let (found, next) = zip(order, wanted).first(where: { $0 != $1 }) {
            problems.append("rows.tsv: \(found) stands where \(next) belongs")
        }
    }
}
