/// Rules that a file keeps or breaks by itself. Each takes a file, so that the tests can show that it
/// finds what it looks for.
enum FileRules {
    static func tooLong(_ file: SourceFile) -> [Finding] {
        let count = file.lines.last == "" ? file.lines.count - 1 : file.lines.count
        guard count > 400 else { return [] }
        return [Finding(file: file.path, line: 401, text: "\(count) lines, at most 400")]
    }

    static func tooWide(_ file: SourceFile) -> [Finding] {
        file.lines.enumerated().filter { $0.element.count > 100 }.map {
            Finding(file: file.path, line: $0.offset + 1, text: "\($0.element.count) columns, at most 100")
        }
    }

    /// By indentation, which the formatter keeps honest: a function ends at the first brace that
    /// stands where its own line began.
    static func longFunctions(_ file: SourceFile) -> [Finding] {
        file.code.enumerated().compactMap { number, line in
            let indentation = line.prefix { $0 == " " }
            let words = line.split(separator: " ")
            guard words.contains("func") || words.contains(where: { $0.hasPrefix("init(") }),
                let end = file.code[(number + 1)...].firstIndex(where: { $0.hasPrefix(indentation + "}") })
            else { return nil }
            let count = end - number + 1
            guard count > 70 else { return nil }
            return Finding(file: file.path, line: number + 1, text: "a function of \(count) lines, at most 70")
        }
    }

    static func leftovers(_ file: SourceFile) -> [Finding] {
        let words = ["FIX" + "ME", "TO" + "DO", "XX" + "X"]
        return file.lines.enumerated().filter { line in words.contains { line.element.contains($0) } }
            .map { Finding(file: file.path, line: $0.offset + 1, text: "unfinished: \($0.element)") }
    }

    /// A task of the framework's must prefer its scope: `device.task { }`, `scope.task { }`.
    static func bareTasks(_ file: SourceFile) -> [Finding] {
        file.findings("a task that prefers no scope") { line in
            line.contains(/(^|[^.\w])Task(<[^>]*>)?\s*\{/)
                || line.contains(/(^|[^.\w])Task(<[^>]*>)?\((priority|name|operation)/)
                || line.contains(/\bTask(<[^>]*>)?\.(detached|immediate)/)
        }
    }

    static func sleeps(_ file: SourceFile) -> [Finding] {
        file.findings("a sleep: wait for an event, or with the loop's clock") { line in
            line.contains(/\b(u|nano)?sleep\s*\(/)
        }
    }

    static func foundation(_ file: SourceFile) -> [Finding] {
        file.findings("Foundation is for tests and samples") { line in
            line.contains(/^\s*(\w+ )?import (Foundation|FoundationEssentials|Dispatch)\b/)
        }
    }

    /// The order of a dictionary or a set differs from process to process: a loop over one, unless
    /// sorted, makes a seed tell two stories. Finds collections by their declaration in the same
    /// file, whatever their scope.
    static func unorderedIteration(_ file: SourceFile) -> [Finding] {
        let declaration =
            /\b(?:var|let) (\w+)\s*(?::\s*(?:\[[^\[\]]+:[^\]]+\]|Set<|Dictionary<)|=\s*(?:\[\w[^,\]]*:[^\]]*\]\(\)|Set[<(]|Dictionary[<(]))/
        let names = Set(file.code.flatMap { $0.matches(of: declaration).map { String($0.1) } })
        return file.findings("the order of a dictionary or a set is not the same in every process") { line in
            guard !line.contains("sorted") else { return false }
            return names.contains { name in
                line.contains("in \(name) ") || line.contains("in \(name).keys")
                    || line.contains("in \(name).values") || line.contains("in self.\(name) ")
                    || line.contains("\(name).values.") || line.contains("\(name).keys.")
                    || line.contains("\(name).map") || line.contains("\(name).forEach")
                    || line.contains("\(name).first ") || line.contains("\(name).compactMap")
            }
        }
    }
}
