import Foundation
import Testing

@testable import DriverFoundation

/// What the README shows of the code is the code's: `WRITE_README=1 swift test --filter Readme`
/// puts it there, and a run without it checks that it is current.
@Suite("The README shows the code as it is")
struct ReadmeTests {
    private let root = URL(filePath: #filePath).appending(path: "../../..").standardized

    @Test("each chart is its machine's table, and the driver is the sample")
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
    /// All that can be reached from a state, in the order of discovery; steps that stay or keep the
    /// event are left out.
    static func mermaid<Machine: StateMachine>(
        _ machine: Machine.Type, from start: Machine.State, events: [Machine.Event]
    ) -> String {
        var lines: [String] = []
        var states = [start]
        var index = 0
        while index < states.count {
            let state = states[index]
            index += 1
            var labels: [(target: Machine.State, events: [String])] = []
            for event in events {
                guard case .go(let target, _)? = Machine.reduce(state, event) else { continue }
                if !states.contains(target) { states.append(target) }
                if let place = labels.firstIndex(where: { $0.target == target }) {
                    labels[place].events.append("\(event)")
                } else {
                    labels.append((target, ["\(event)"]))
                }
            }
            for (target, events) in labels {
                lines.append(
                    "    \(name(state)) --> \(name(target)): \(events.joined(separator: ", "))")
            }
        }
        let first = "    [*] --> \(name(start))"
        return "```mermaid\nstateDiagram-v2\n" + ([first] + lines).joined(separator: "\n")
            + "\n```\n"
    }

    /// Such as goingDown_surprise: what Mermaid takes as an identifier.
    private static func name(_ state: some Hashable) -> String {
        var text = "\(state)"
        let shorter = [
            ("DriverFoundation.PnPMachine.Ending.", ""), ("started: true", "started"),
            ("started: false", "unstarted"),
        ]
        for (long, short) in shorter { text = text.replacingOccurrences(of: long, with: short) }
        return text.replacingOccurrences(of: "(", with: "_").replacingOccurrences(of: ")", with: "")
    }
}
