/// Rules that a file keeps or breaks by itself. Each takes a file, so that the tests can show that
/// it finds what it looks for.
enum FileRules {
    static func tooLong(_ file: SourceFile) -> [Finding] {
        let count = file.lines.last == "" ? file.lines.count - 1 : file.lines.count
        guard count > 400 else { return [] }
        return [Finding(file: file.path, line: 401, text: "\(count) lines, at most 400")]
    }

    static func tooWide(_ file: SourceFile) -> [Finding] {
        file.lines.enumerated().filter { $0.element.count > 100 }.map {
            Finding(
                file: file.path, line: $0.offset + 1,
                text: "\($0.element.count) columns, at most 100")
        }
    }

    /// By indentation, which the formatter keeps honest: a function ends at the first brace that
    /// stands where its own line began.
    static func longFunctions(_ file: SourceFile) -> [Finding] {
        file.code.enumerated().compactMap { number, line in
            guard line.contains("func ") || line.contains("init(") else { return nil }
            let indentation = String(line.prefix { $0 == " " })
            let isOuter = { (line: String) in
                line.hasPrefix(indentation) && !line.hasPrefix(indentation + " ")
            }
            // The rest of a declaration that takes several lines; a requirement has no body.
            var start = number
            while !file.code[start].hasSuffix("{") {
                start += 1
                guard start < file.code.count, !file.code[start].isEmpty,
                    !isOuter(file.code[start]) || file.code[start].hasPrefix(indentation + ")")
                else { return nil }
            }
            let rest = file.code[(start + 1)...]
            guard let end = rest.firstIndex(where: { $0.hasPrefix(indentation + "}") }) else {
                return nil
            }
            let count = end - number + 1
            guard count > 70 else { return nil }
            return Finding(
                file: file.path, line: number + 1, text: "a function of \(count) lines, at most 70")
        }
    }

    static func leftovers(_ file: SourceFile) -> [Finding] {
        let words = ["FIX" + "ME", "TO" + "DO", "XX" + "X"]
        return file.lines.enumerated().filter { line in
            line.element.split { !$0.isLetter }.contains { words.contains(String($0)) }
        }
        .map { Finding(file: file.path, line: $0.offset + 1, text: "unfinished: \($0.element)") }
    }

    /// A task of the framework's must prefer its scope: `device.task { }`, `scope.task { }`.
    static func bareTasks(_ file: SourceFile) -> [Finding] {
        file.findings("a task that prefers no scope") { line in
            guard line.contains("Task") else { return false }
            return line.contains(/(^|[^.\w])Task(<[^>]*>)?\s*\{/)
                || line.contains(/(^|[^.\w])Task(<[^>]*>)?\((priority|name|operation)/)
                || line.contains(/\bTask(<[^>]*>)?\.(detached|immediate)/.wordBoundaryKind(.simple))
        }
    }

    static func sleeps(_ file: SourceFile) -> [Finding] {
        file.findings("a sleep: wait for an event, or with the loop's clock") { line in
            line.contains("sleep")
                && line.contains(/\b(u|nano)?sleep\s*\(/.wordBoundaryKind(.simple))
        }
    }

    static func foundation(_ file: SourceFile) -> [Finding] {
        file.findings("Foundation is for tests and samples") { line in
            line.contains("import")
                && line.contains(/^\s*(\w+ )?import (Foundation|FoundationEssentials|Dispatch)\b/)
        }
    }

    /// The order of a dictionary or a set differs from process to process: a loop over one, unless
    /// sorted, makes a seed tell two stories. Finds collections by their declaration in the same
    /// file, whatever their scope.
    static func unorderedIteration(_ file: SourceFile) -> [Finding] {
        let typed = /\b(?:var|let) (\w+): (?:\[[^\[\](]+: |Set<|Dictionary<)/.wordBoundaryKind(
            .simple)
        let made = /\b(?:var|let) (\w+) = (?:\[\w+: \w+\]\(|Set[<(]|Dictionary[<(])/
            .wordBoundaryKind(.simple)
        let names = Set(
            file.code.filter { $0.contains("var ") || $0.contains("let ") }.flatMap { line in
                line.matches(of: typed).map { String($0.1) }
                    + line.matches(of: made).map { String($0.1) }
            })
        let uses = names.flatMap { name in
            [
                #"\bin (\w+\.)*\#(name)(\.keys|\.values)? "#,
                #"\b\#(name)\.((keys|values)\.\w|(compactM|flatM|m)ap\b|forEach\b|first\b)"#,
            ]
        }.compactMap { try? Regex($0).wordBoundaryKind(.simple) }
        return file.findings("the order of a dictionary or a set is chance") { line in
            !uses.isEmpty && !line.contains("sorted") && uses.contains { line.contains($0) }
        }
    }
}
