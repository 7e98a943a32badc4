import Foundation
import Testing

@testable import DriverFoundation

/// What the README shows of the code is the code's: `WRITE_README=1 swift test --filter Readme`
/// puts it there, and a run without it checks that it is current.
@Suite("The README shows the code as it is")
struct ReadmeTests {
    private let root = URL(filePath: #filePath).appending(path: "../../..").standardized

    @Test(
        """
        CHART-P, CHART-W, CHART-C, CHART-I, CHART-S, GAP-7: each chart is its machine's table; the \
        driver is the sample
        """)
    func sectionsAreCurrent() throws {
        let sections = [
            (
                "pnp",
                Chart.mermaid(PnPMachine.self, from: .created, events: PnPMachine.Event.allCases)
            ),
            (
                "power",
                Chart.mermaid(PowerMachine.self, from: .off, events: PowerMachine.Event.allCases)
            ),
            (
                "policy",
                Chart.mermaid(
                    PowerPolicyMachine.self, from: .created,
                    events: PowerPolicyMachine.Event.allCases)
            ),
            (
                "idle",
                Chart.mermaid(
                    IdleMachine.self, from: .stopped, events: IdleMachine.Event.allCases)
            ),
            (
                "self-managed I/O",
                Chart.mermaid(
                    SelfManagedIOMachine.self, from: .created,
                    events: SelfManagedIOMachine.Event.allCases)
            ),
            ("driver", try driver()),
        ]
        let readme = root.appending(path: "README.md")
        var text = try String(contentsOf: readme, encoding: .utf8)
        let mayWrite = ProcessInfo.processInfo.environment["WRITE_README"] != nil
        for (name, section) in sections {
            let start = try #require(text.range(of: "<!-- \(name) -->\n")?.upperBound)
            let end = try #require(
                text.range(of: "<!-- end -->", range: start..<text.endIndex)?.lowerBound)
            if mayWrite {
                text.replaceSubrange(start..<end, with: section)
            } else {
                #expect(
                    text[start..<end] == section, "run WRITE_README=1 swift test --filter Readme")
            }
        }
        if mayWrite { try text.write(to: readme, atomically: true, encoding: .utf8) }
    }

    /// The toaster's actor, without what only the other targets of this package need.
    private func driver() throws -> String {
        let file = root.appending(path: "Samples/Toaster/Driver/Toaster.swift")
        let source = try String(contentsOf: file, encoding: .utf8)
        let start = try #require(source.range(of: "package actor Toaster")).lowerBound
        return "```swift\n" + source[start...].replacingOccurrences(of: "package ", with: "")
            + "```\n"
    }
}

/// A machine's table as a picture.
enum Chart {
    /// All that can be reached from a state, in the order of discovery. States and events are shown
    /// without their values, or nobody could read it; steps that stay or keep the event are left
    /// out.
    static func mermaid<Machine: StateMachine>(
        _ machine: Machine.Type, from start: Machine.State, events: [Machine.Event]
    ) -> String {
        var lines: [(from: String, to: String, events: [String])] = []
        var states = [start]
        var index = 0
        while index < states.count {
            let state = states[index]
            index += 1
            for event in events {
                guard case .go(let target, _)? = Machine.reduce(state, event) else { continue }
                if !states.contains(target) { states.append(target) }
                let (from, to, label) = (name(state), name(target), name(event))
                if from == to { continue }
                let place = lines.firstIndex { $0.from == from && $0.to == to }
                if let place {
                    if !lines[place].events.contains(label) { lines[place].events.append(label) }
                } else {
                    lines.append((from, to, [label]))
                }
            }
        }
        let arrows = lines.map {
            "    \($0.from) --> \($0.to): \($0.events.joined(separator: ", "))"
        }
        return "```mermaid\nstateDiagram-v2\n"
            + (["    [*] --> \(name(start))"] + arrows).joined(separator: "\n") + "\n```\n"
    }

    /// The name of a case, without its values.
    private static func name(_ value: some Hashable) -> String {
        String("\(value)".prefix { $0 != "(" })
    }
}
