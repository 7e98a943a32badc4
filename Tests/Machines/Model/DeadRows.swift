/// Entries of the tables that no exploration takes, whatever values states and events carry: there
/// must be none.
package enum DeadRows {
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
}
