import Foundation

/// One Swift file of the repository.
struct SourceFile {
    /// From the repository's root.
    let path: String
    let lines: [String]
    /// The lines without what is in comments and string literals, and with the same numbers.
    let code: [String]

    /// The folder two levels down: `Sources/DriverRuntime`.
    var target: String { path.split(separator: "/").prefix(2).joined(separator: "/") }
}

/// The repository, as the tests' own sources see it.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static let swiftFiles: [SourceFile] = files { $0.hasSuffix(".swift") }.map { path in
        let text = (try? String(contentsOf: root.appending(path: path), encoding: .utf8)) ?? ""
        let lines = text.components(separatedBy: "\n")
        return SourceFile(path: path, lines: lines, code: Code.only(lines))
    }

    static func swiftFiles(under folders: String...) -> [SourceFile] {
        swiftFiles.filter { file in folders.contains { file.path.hasPrefix($0 + "/") } }
    }

    /// Paths of the files in Sources, Tests and Samples, sorted, without what is built.
    static func files(where isWanted: (String) -> Bool) -> [String] {
        ["Sources", "Tests", "Samples"].flatMap { folder -> [String] in
            let all = FileManager.default.enumerator(atPath: root.appending(path: folder).path())
            return (all?.compactMap { $0 as? String } ?? [])
                .filter { !$0.contains(".build") && isWanted($0) }.map { folder + "/" + $0 }
        }.sorted()
    }
}

/// Swift without its comments and its literals' text: a scan that knows as much of the language as
/// that takes, and no more.
enum Code {
    static func only(_ lines: [String]) -> [String] {
        var isInTextBlock = false
        return lines.map { line in
            if isInTextBlock {
                if line.contains("\"\"\"") { isInTextBlock = false }
                return ""
            }
            if let start = line.range(of: "\"\"\"") {
                let rest = line[start.upperBound...]
                if !rest.contains("\"\"\"") { isInTextBlock = true }
                return String(line[..<start.lowerBound])
            }
            return withoutLiterals(line)
        }
    }

    private static func withoutLiterals(_ line: String) -> String {
        let (quote, slash, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "/"), UInt8(ascii: "\\"))
        guard line.utf8.contains(where: { $0 == quote || $0 == slash }) else { return line }
        var result: [UInt8] = []
        var isInString = false
        var previous = UInt8(ascii: " ")
        for byte in line.utf8 {
            if isInString {
                if byte == quote && previous != backslash { isInString = false }
                previous = previous == backslash ? UInt8(ascii: " ") : byte
                continue
            }
            if byte == quote {
                isInString = true
                result += [quote, quote]
            } else if byte == slash && previous == slash {
                result.removeLast()
                break
            } else {
                result.append(byte)
            }
            previous = byte
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// A rule's break: where, and what.
struct Finding: CustomStringConvertible {
    let file: String
    let line: Int
    let text: String
    var description: String { "\(file):\(line): \(text)" }
}

extension SourceFile {
    /// The numbers, from 1, of the lines of code that match.
    func findings(_ text: String, where isBroken: (String) -> Bool) -> [Finding] {
        code.enumerated().filter { isBroken($0.element) }
            .map { Finding(file: path, line: $0.offset + 1, text: text) }
    }
}
