/// What is to be covered: a capability, or a rule, and what became of it.
package struct Row: Sendable {
    /// How a capability is carried over.
    package enum Mapping: String, Sendable, CaseIterable {
        case keep = "KEEP"
        case adapt = "ADAPT"
        case reduce = "REDUCE"
        case notApplicable = "N-A"
    }

    package enum Status: String, Sendable, CaseIterable {
        case done
        case open
        case notApplicable = "n/a"
    }

    package var id: RowID
    package var title: String
    package var mapping: Mapping
    package var status: Status
    /// Files and folders, from the repository's root.
    package var places: [String]
    /// Why it is not applicable, or otherwise than the mapping says. May be empty.
    package var note: String
}

/// The rows of one area, as `sections.tsv` lists them.
package struct Section: Sendable {
    /// A section of the inventory: "1.5".
    package var number: String
    package var title: String
    package var rows: [RowID]
    /// Its rows are not listed, but tests may name them.
    package var isElsewhere: Bool
}
