import Foundation
import Testing

/// What a rule lets pass, and why: nothing is exempt that is not in a list like this.
typealias Exemptions = [String: String]

private func expectNone(_ findings: [Finding], but exempt: Exemptions = [:]) {
    let broken = findings.filter { exempt[$0.file] == nil }
    #expect(broken.isEmpty, "\(broken.map(\.description).joined(separator: "\n"))")
    let idle = exempt.keys.filter { file in !findings.contains { $0.file == file } }.sorted()
    #expect(idle.isEmpty, "exempt without need: \(idle)")
}

@Suite("Tidy: the sources' own rules") struct TidyTests {
    static let sources = Repository.swiftFiles(under: "Sources")
    static let shown = Repository.swiftFiles(under: "Sources", "Samples")
    static let all = Repository.swiftFiles

    @Test("there are sources to look at")
    func sourcesAreFound() {
        #expect(Self.sources.contains { $0.path == "Sources/DriverRuntime/EventLoop.swift" })
        #expect(Self.all.contains { $0.path == "Tests/Tidy/TidyTests.swift" })
    }

    @Test("files have at most 400 lines, of at most 100 columns; functions at most 70 lines")
    func sizes() {
        expectNone(Self.all.flatMap(FileRules.tooLong))
        // A regular expression cannot be broken into lines.
        expectNone(Self.all.flatMap(FileRules.tooWide))
        expectNone(Self.all.flatMap(FileRules.longFunctions))
    }

    @Test("nothing is marked as unfinished")
    func leftovers() { expectNone(Self.all.flatMap(FileRules.leftovers)) }

    @Test("tasks are started on a scope")
    func bareTasks() {
        expectNone(
            Self.shown.flatMap(FileRules.bareTasks),
            but: [
                "Sources/DriverRuntime/Scope.swift": "is what starts a task on a scope",
                "Sources/DriverFoundation/Devices/Device.swift":
                    "is what starts a task away from the scope",
            ])
    }

    @Test("nothing sleeps, tests included")
    func sleeps() {
        expectNone(
            Self.all.flatMap(FileRules.sleeps),
            but: [
                "Tests/DriverSimulation/SimulationFailureTests.swift":
                    "shows what becomes of a sleep in a simulation"
            ])
    }

    @Test("Foundation stays out of the sources")
    func foundation() { expectNone(Self.sources.flatMap(FileRules.foundation)) }

    @Test("no loop of the simulated parts takes the order of a dictionary or a set")
    func unorderedIteration() {
        let parts = Repository.swiftFiles(
            under: "Sources/DriverFoundation", "Sources/VirtualUSB", "Sources/USBIP",
            "Sources/DriverRuntime", "Sources/DriverSimulation")
        expectNone(
            parts.flatMap(FileRules.unorderedIteration),
            but: [
                "Sources/DriverSimulation/Simulation+Seeds.swift":
                    "adds up counts of marks, where the order makes no difference"
            ])
    }

    @Test("nothing is at the top level but what belongs there")
    func topLevel() throws {
        let allowed: Set = [
            "Package.swift", "Package.resolved", "README.md", "LICENSE", "CONTRIBUTING.md",
            "Sources",
            "Tests", "Samples",
        ]
        let entries = try FileManager.default.contentsOfDirectory(atPath: Repository.root.path())
        #expect(entries.filter { !$0.hasPrefix(".") && !allowed.contains($0) }.sorted() == [])
    }

    @Test("scripts can be run, and nothing else")
    func executableBits() throws {
        for path in Repository.files(where: { _ in true }) {
            let file = Repository.root.appending(path: path)
            let attributes = try FileManager.default.attributesOfItem(atPath: file.path())
            guard attributes[.type] as? FileAttributeType == .typeRegular,
                let mode = attributes[.posixPermissions] as? Int
            else { continue }
            let start = try FileHandle(forReadingFrom: file).read(upToCount: 2)
            let isScript = start == Data("#!".utf8)
            #expect((mode & 0o111 != 0) == isScript, "\(path)")
        }
    }
}

@Suite("Tidy: the rules find what they look for") struct RuleTests {
    private func lines(_ rule: (SourceFile) -> [Finding], _ text: String) -> [Int] {
        let lines = text.components(separatedBy: "\n")
        return rule(SourceFile(path: "Sources/X/X.swift", lines: lines, code: Code.only(lines)))
            .map(\.line)
    }

    @Test func sizes() {
        let body = String(repeating: "    a()\n", count: 69)
        #expect(lines(FileRules.longFunctions, "func f() {\n\(body)}") == [1])
        #expect(lines(FileRules.longFunctions, "func f() {\n\(body.dropLast(8))}") == [])
        #expect(lines(FileRules.tooWide, "\n" + String(repeating: "é", count: 101)) == [2])
        #expect(lines(FileRules.tooWide, String(repeating: "é", count: 100)) == [])
        #expect(lines(FileRules.tooLong, String(repeating: "\n", count: 401)) == [401])
        #expect(lines(FileRules.tooLong, String(repeating: "\n", count: 400)) == [])
    }

    @Test func bareTasks() {
        let text = """
            Task { }
            let t = Task<Void, Never> { }
            Task.detached { }
            Task(priority: .high) { }
            device.task { }
            let t: Task<Void, Never>
            // Task { }
            "Task { }"
            withTask { }
            Task.immediate { }
            """
        #expect(lines(FileRules.bareTasks, text) == [1, 2, 3, 4, 10])
    }

    @Test func sleepsAndImports() {
        #expect(
            lines(FileRules.sleeps, "Task.sleep(for: x)\nusleep (1)\nasleep(1)\nsleep(1)") == [
                1, 2, 4,
            ])
        let imports =
            "import Foundation\npublic import Foundation\nimport FoundationX\nimport Dispatch"
        #expect(lines(FileRules.foundation, imports) == [1, 2, 4])
    }

    @Test func unorderedIteration() {
        let text = """
            var table: [Int: String] = [:]
            private var names = Set<String>()
            let list: [Int] = []
            for (key, value) in table { }
            for (key, value) in table.sorted(by: <) { }
            for name in names { }
            for number in list { }
            table.values.reduce(0, +)
            let pair = table[1]
            """
        #expect(lines(FileRules.unorderedIteration, text) == [4, 6, 8])
    }

    @Test func codeAlone() {
        let text = ["let a = \"x // \\\" y\" // z", "\"\"\"", "inside", "\"\"\"", "b /* c"]
        #expect(Code.only(text) == ["let a = \"\" ", "", "", "", "b /* c"])
    }
}
