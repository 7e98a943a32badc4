import CoverageModel
import Foundation

// coverage [--write] [--events FILE] [--cases FILE]…: what has shown each row of rows.tsv, in the
// repository's folder. --events is a run of Swift Testing, --cases a log with `case NAME pass`.
// Ends with 1 if a row that is done is not shown, or the list or its page is wrong. --write writes
// the page.

let rowsPath = "Tests/Coverage/rows.tsv"
let sectionsPath = "Tests/Coverage/sections.tsv"
let articlePath = "Sources/DriverFoundation/DriverFoundation.docc/Coverage.md"
let root = FileManager.default.currentDirectoryPath

func stop(_ text: String) -> Never {
    FileHandle.standardError.write(Data("coverage: \(text)\n".utf8))
    exit(64)
}

func read(_ path: String) -> String {
    guard let data = FileManager.default.contents(atPath: path) else {
        stop("\(path) cannot be read")
    }
    return String(decoding: data, as: UTF8.self)
}

/// Where the cases of our programs are written down.
func caseSources() -> CaseSources {
    var sources = CaseSources()
    let files = FileManager.default.enumerator(atPath: "Tests")?.compactMap { $0 as? String }
    for path in (files ?? []).sorted() where path.hasSuffix(".swift") {
        if path.hasPrefix("MustNotCompile/") {
            sources.add(promise: read("Tests/" + path), path: "Tests/" + path)
        } else if ["StandIn", "Storm", "Lab", "Machines"].contains(where: path.hasPrefix) {
            sources.add(source: read("Tests/" + path), path: "Tests/" + path)
        }
    }
    return sources
}

var isWriting = false
var streams: [String] = []
var logs: [String] = []
var arguments = CommandLine.arguments.dropFirst().makeIterator()
while let argument = arguments.next() {
    switch argument {
    case "--write": isWriting = true
    case "--events", "--cases":
        guard let path = arguments.next() else { stop("\(argument) needs a file") }
        if argument == "--events" { streams.append(path) } else { logs.append(path) }
    default: stop("`\(argument)` is not understood")
    }
}

let list = RowList(sections: read(sectionsPath), rows: read(rowsPath)) {
    FileManager.default.fileExists(atPath: $0)
}
if isWriting {
    do { try list.article.write(toFile: articlePath, atomically: true, encoding: .utf8) } catch {
        stop("\(articlePath): \(error)")
    }
    print("\(articlePath) is written")
}

var evidence: [Evidence] = []
for path in streams {
    do { evidence += try EventStream(text: read(path), root: root).evidence } catch {
        stop("\(path): \(error)")
    }
}
let sources = caseSources()
for path in logs { evidence += CaseLog.evidence(in: read(path), path: path, sources: sources) }

let coverage = Coverage(list: list, evidence: evidence)
var problems = streams.isEmpty ? list.problems : coverage.problems
if read(articlePath) != list.article {
    problems.append("\(articlePath) is not what rows.tsv says: Tests/run coverage --write")
}
if !streams.isEmpty {
    for line in coverage.lines { print(line) }
    let ids = coverage.promising.map(\.description).joined(separator: " ")
    if !ids.isEmpty { print("\nopen, though tests that passed name them: \(ids)") }
}
print()
for line in list.totals { print(line) }
for problem in problems { print("error: \(problem)") }
exit(problems.isEmpty ? 0 : 1)
