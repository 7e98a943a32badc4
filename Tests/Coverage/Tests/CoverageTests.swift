import CoverageModel
import Testing

private let sections = "1.5\tQueues\tQ\t1-3\n2.3\tCharts\tCHART\tP\n1.9\tPipes\tU\t1-2\telsewhere"

private let rows = """
    Q-1\tfirst\tKEEP\tdone\tSources/A.swift\t-
    Q-2\tsecond\tADAPT\topen\t-\totherwise
    Q-3\tthird\tN-A\tn/a\t-\tno need
    CHART-P\tchart\tREDUCE\topen\t-\t-
    """

private func list(_ rows: String, _ sections: String = sections) -> RowList {
    RowList(sections: sections, rows: rows) { $0.hasPrefix("Sources/") }
}

private func evidence(
    _ name: String, _ outcome: Evidence.Outcome = .passed, line: Int = 1
) -> Evidence {
    Evidence(shown: ShownRule(name: name), file: "Tests/T.swift", line: line, outcome: outcome)
}

@Suite("Coverage: names") struct NameTests {
    @Test("a name's rows are those in front of its colon")
    func rows() {
        let shown = ShownRule(name: "Q-7, CHART-P: a rule: it has (Q-1) in it")
        #expect(shown.rows.map(\.description) == ["Q-7", "CHART-P"])
        #expect(shown.rule == "a rule: it has (Q-1) in it")
    }

    @Test(
        "what is no row is a part of the rule",
        arguments: ["L17: x", "USB 2.0 §9.3: x", "plain", "a bar: x", "libusb §3 20: x"])
    func others(name: String) {
        #expect(ShownRule(name: name).rows.isEmpty)
        #expect(ShownRule(name: name).rule == name)
        #expect(ShownRule(name: name).unreadable.isEmpty)
    }

    @Test("rows beside other marks are found")
    func mixed() {
        #expect(ShownRule(name: "L9, U-12: x").rows.map(\.description) == ["U-12"])
    }

    @Test(
        "a list without commas, and a range, are told",
        arguments: ["Q-1 Q-2: x", "Q-1…3: x", "Q-1-3: x"])
    func unreadable(name: String) {
        #expect(ShownRule(name: name).unreadable.count == 1)
    }

    @Test("a case's name begins with its rows")
    func caseNames() {
        let two = ShownRule(caseName: "Q-7,CHART-P-drained-queue")
        #expect(two.rows.map(\.description) == ["Q-7", "CHART-P"])
        #expect(two.rule == "drained queue")
        #expect(ShownRule(caseName: "L17-no-timer").rows.isEmpty)
        #expect(ShownRule(caseName: "Q-7").rows.map(\.description) == ["Q-7"])
    }
}

@Suite("Coverage: the list") struct ListTests {
    @Test("a right list has no problem")
    func right() { #expect(list(rows).problems == []) }

    @Test("each thing wrong with the list is told")
    func wrong() {
        func problems(_ old: String, _ new: String) -> [String] {
            list(rows.replacing(old, with: new)).problems
        }
        #expect(
            problems("Q-2\tsecond\tADAPT\topen\t-\totherwise\n", "")
                == ["rows.tsv: Q-2 is missing"])
        #expect(problems("Q-1\t", "Q-2\t").contains("rows.tsv:2: Q-2 is listed twice"))
        #expect(problems("CHART-P\t", "CHART-X\t").contains("rows.tsv: CHART-X is in no section"))
        #expect(
            problems("Sources/A.swift", "Sources/A.swift,Elsewhere/B.swift")
                == ["rows.tsv:1: Q-1: there is no Elsewhere/B.swift"])
        #expect(
            problems("Sources/A.swift", "-")
                == ["rows.tsv:1: Q-1: it is done, and nothing says where"])
        #expect(
            problems("no need", "-")
                == ["rows.tsv:3: Q-3: it is not applicable, and no reason is given"])
        #expect(
            problems("N-A\tn/a", "N-A\topen")
                == ["rows.tsv:3: Q-3: its mapping is N-A, its status open"])
        #expect(problems("ADAPT", "ADOPT").contains("rows.tsv:2: Q-2: `ADOPT` is no mapping"))
        #expect(
            problems("open\t-\toth", "half\t-\toth")
                .contains("rows.tsv:2: Q-2: `half` is no status"))
        #expect(problems("\tsecond", "").first?.hasPrefix("rows.tsv:2: six fields") == true)
    }

    @Test("rows stand in the sections' order")
    func order() {
        let lines = rows.split(separator: "\n")
        let swapped = [lines[1], lines[0], lines[2], lines[3]].joined(separator: "\n")
        #expect(list(swapped).problems == ["rows.tsv: Q-2 stands where Q-1 belongs"])
    }
}

@Suite("Coverage: what a run shows") struct RunTests {
    @Test("a row that is done needs a test that passed")
    func done() {
        let missing = ["Q-1 is done, and no test that passed shows it"]
        #expect(Coverage(list: list(rows), evidence: []).problems == missing)
        for outcome in [Evidence.Outcome.failed, .notRun] {
            let some = [evidence("Q-1: x", outcome)]
            #expect(Coverage(list: list(rows), evidence: some).problems == missing)
        }
        let passed = [evidence("Q-1: x"), evidence("Q-1: y", .failed)]
        #expect(Coverage(list: list(rows), evidence: passed).problems == [])
    }

    @Test("a test that names a row which is not there is told, with its place")
    func unknown() {
        let some = [evidence("Q-1, U-2: x"), evidence("Q-4: x", line: 7)]
        #expect(
            Coverage(list: list(rows), evidence: some).problems
                == ["Tests/T.swift:7: there is no row Q-4"])
    }

    @Test("each row is printed with its tests, and what is open though shown is named")
    func lines() {
        let some = [evidence("Q-1: it holds"), evidence("Q-2: that too", .failed, line: 3)]
        let coverage = Coverage(list: list(rows), evidence: some)
        #expect(
            coverage.lines == [
                "Q-1 KEEP done: first", "    Tests/T.swift:1: passed: it holds",
                "Q-2 ADAPT open: second (otherwise)",
                "    Tests/T.swift:3: failed: that too", "Q-3 N-A n/a: third (no need)",
                "CHART-P REDUCE open: chart",
            ])
        #expect(coverage.promising.isEmpty)
        let promising = Coverage(list: list(rows), evidence: [evidence("Q-1, Q-2: x")]).promising
        #expect(promising.map(\.description) == ["Q-2"])
    }

    @Test("the page has the totals and each row")
    func article() {
        let text = list(rows).article
        #expect(text.contains("| 1.5 Queues | 1 | 1 | 1 |\n"))
        #expect(text.contains("| in all | 1 | 2 | 1 |\n"))
        #expect(text.contains("| Q-1 | first | KEEP | done | `Sources/A.swift` |  |\n"))
        #expect(!text.contains("Pipes"))
    }
}

@Suite("Coverage: what programs leave") struct LogTests {
    private let stream = """
        {"version":"6.3.0","kind":"test","payload":{"kind":"suite","id":"S","name":"S"}}
        {"version":"6.3.0","kind":"test","payload":{"kind":"function","id":"S/a","name":"a()",\
        "displayName":"Q-1: a","sourceLocation":{"filePath":"/r/Tests/A.swift","line":4}}}
        {"version":"6.3.0","kind":"test","payload":{"kind":"function","id":"S/b","name":"b()",\
        "sourceLocation":{"filePath":"/r/Tests/A.swift","line":9}}}
        {"version":"6.3.0","kind":"test","payload":{"kind":"function","id":"S/c","name":"c()",\
        "sourceLocation":{"filePath":"/r/Tests/A.swift","line":12}}}
        {"version":"6.3.0","kind":"event","payload":{"kind":"testStarted","testID":"S/a",\
        "instant":{"absolute":1}}}
        {"version":"6.3.0","kind":"event","payload":{"kind":"testEnded","testID":"S/a",\
        "instant":{"absolute":3.5},"messages":[{"symbol":"pass","text":"t"}]}}
        {"version":"6.3.0","kind":"event","payload":{"kind":"testEnded","testID":"S/b",\
        "instant":{"absolute":4},"messages":[{"symbol":"fail","text":"t"}]}}
        """

    @Test("of an event stream: each test's place, name, end and time")
    func events() throws {
        let tests = try EventStream(text: stream, root: "/r").tests
        #expect(tests.map(\.name) == ["Q-1: a", "b()", "c()"])
        #expect(tests.map(\.outcome) == [.passed, .failed, .notRun])
        #expect(tests.map(\.file) == Array(repeating: "Tests/A.swift", count: 3))
        #expect(tests.map(\.line) == [4, 9, 12])
        #expect(tests.map(\.seconds) == [2.5, nil, nil])
    }

    @Test("a stream cut off within a record is refused")
    func cutOff() {
        #expect(throws: EventStream.Failure.self) {
            try EventStream(text: String(stream.dropLast(20)), root: "/r")
        }
    }

    @Test("of a log: the cases, where they are written down, and what they show")
    func cases() {
        var sources = CaseSources()
        sources.add(
            promise: "// consumed\n// Q-1, Q-2: once\nimport A\n// Q-3: no",
            path: "Tests/MustNotCompile/Twice.swift")
        sources.add(source: "\nRule(\"Q-3-held-up\") {", path: "Tests/StandIn/Rules.swift")
        let log = """
            case Twice pass
            Test case passing pass
            case Q-3-held-up fail it was not
            case CHART-P-explored pass
            case Q-2 n/a no kernel
            """
        let found = CaseLog.evidence(in: log, path: "log", sources: sources)
        #expect(found.map(\.outcome) == [.passed, .failed, .passed, .notRun])
        #expect(
            found.map(\.file) == [
                "Tests/MustNotCompile/Twice.swift", "Tests/StandIn/Rules.swift", "log", "log",
            ])
        #expect(found.map(\.line) == [2, 2, 4, 5])
        #expect(found.prefix(3).map(\.shown.rule) == ["once", "held up", "explored"])
        #expect(found[0].shown.rows.map(\.description) == ["Q-1", "Q-2"])
    }
}
