import Foundation

/// Where a case of a program is written down, by its name.
package struct CaseSources: Sendable {
    package struct Place: Sendable {
        package var file: String
        package var line: Int
        package var rule: ShownRule?
    }

    private var promises: [String: Place] = [:]
    private var sources: [(path: String, lines: [Substring])] = []

    package init() {}

    /// A file that must not compile is a case of its own name; a comment in front of its imports
    /// says the rows: `// R-2, VF-17: a request is completed once`.
    package mutating func add(promise text: String, path: String) {
        let name = String(path.split(separator: "/").last ?? "").replacing(".swift", with: "")
        var place = Place(file: path, line: 1, rule: nil)
        for (index, line) in text.split(separator: "\n").enumerated() {
            guard line.hasPrefix("// ") else { break }
            let rule = ShownRule(name: String(line.dropFirst(3)))
            guard !rule.rows.isEmpty || !rule.unreadable.isEmpty else { continue }
            place = Place(file: path, line: index + 1, rule: rule)
            break
        }
        promises[name] = place
    }

    /// A source that names its cases by literals.
    package mutating func add(source text: String, path: String) {
        sources.append((path, text.split(separator: "\n", omittingEmptySubsequences: false)))
    }

    package func place(of name: String) -> Place? {
        if let promise = promises[name] { return promise }
        for source in sources {
            if let index = source.lines.firstIndex(where: { $0.contains("\"\(name)\"") }) {
                return Place(file: source.path, line: index + 1, rule: nil)
            }
        }
        return nil
    }
}

/// The lines `case NAME pass`, `case NAME fail REASON`, `case NAME n/a REASON` of a program's log.
package enum CaseLog {
    package static func evidence(
        in text: String, path: String, sources: CaseSources
    ) -> [Evidence] {
        var evidence: [Evidence] = []
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            guard
                let match = line.firstMatch(of: /^(?:\w+: |[ |]*)case (\S+) (pass|fail|n\/a)\b/)
            else { continue }
            let name = String(match.1)
            let place = sources.place(of: name)
            let outcome: Evidence.Outcome =
                switch match.2 {
                case "pass": .passed
                case "fail": .failed
                default: .notRun
                }
            evidence.append(
                Evidence(
                    shown: place?.rule ?? ShownRule(caseName: name),
                    file: place?.file ?? path, line: place?.line ?? index + 1, outcome: outcome))
        }
        return evidence
    }
}
