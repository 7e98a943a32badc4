/// One change of one row of the tables: a mistake that somebody could have made.
package struct Mutant: Sendable {
    package enum Change: Hashable, Sendable {
        /// The event must not come.
        case deleted
        case retargeted(UInt8)
        case withoutEffect(Int)
        /// This effect and the next change places.
        case swapped(Int)
        /// Kept instead of ignored.
        case kept
        /// Ignored instead of kept.
        case ignored
    }

    package let row: Int
    package let change: Change

    /// Every change of the rows that `isUsed`.
    package static func all(of tables: Tables, where isUsed: (Int) -> Bool) -> [Mutant] {
        tables.rows.indices.filter(isUsed).flatMap { number in
            changes(of: tables.rows[number], in: tables, at: number, where: isUsed).map {
                Mutant(row: number, change: $0)
            }
        }
    }

    private static func changes(
        of row: Row, in tables: Tables, at number: Int, where isUsed: (Int) -> Bool
    ) -> [Change] {
        var changes: [Change] = [.deleted]
        switch row.kind {
        case .forbidden: return []
        case .later: return [.deleted, .ignored]
        case .stay: if row.count == 0 { changes.append(.kept) }
        case .go:
            let section = tables.place(of: number).section
            for state in section.stateNames.indices where state != Int(row.target) {
                let first = section.firstRow + state * section.eventCount
                // A state that nothing ever happens in is none to go to.
                if (first..<first + section.eventCount).contains(where: isUsed) {
                    changes.append(.retargeted(UInt8(state)))
                }
            }
        }
        let count = Int(row.count)
        changes += (0..<count).map { .withoutEffect($0) }
        if count > 1 { changes += (0..<count - 1).map { .swapped($0) } }
        return changes
    }

    package func name(in tables: Tables) -> String {
        let place = tables.place(of: row)
        func effect(_ index: Int) -> String {
            tables.operationNames[Int(tables.rows[row].first) + index]
        }
        let what =
            switch change {
            case .deleted: "deleted"
            case .retargeted(let state): "to \(place.section.stateNames[Int(state)])"
            case .withoutEffect(let index): "without \(effect(index))"
            case .swapped(let index): "\(effect(index + 1)) before \(effect(index))"
            case .kept: "kept"
            case .ignored: "ignored"
            }
        return "\(place.name): \(what)"
    }
}

extension Tables {
    package func mutated(by mutant: Mutant) -> Tables {
        var tables = self
        var row = rows[mutant.row]
        var own = Array(operations[Int(row.first)..<Int(row.first) + Int(row.count)])
        switch mutant.change {
        case .deleted: row.kind = .forbidden
        case .retargeted(let state): row.target = state
        case .withoutEffect(let index): own.remove(at: index)
        case .swapped(let index): own.swapAt(index, index + 1)
        case .kept: row.kind = .later
        case .ignored: row.kind = .stay
        }
        row.first = UInt16(tables.operations.count)
        row.count = UInt8(own.count)
        tables.operations += own
        tables.rows[mutant.row] = row
        return tables
    }
}
