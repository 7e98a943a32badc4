import Foundation
import Testing

@testable import DriverFoundation

/// The charts in the README are the machines' own tables, printed: `WRITE_CHARTS=1 swift test --filter
/// Chart` puts them there, and a run without it checks that they are current.
@Suite("The README's charts")
struct ChartTests {
    @Test("each chart is its machine's table")
    func chartsAreCurrent() throws {
        let charts = [
            (
                "pnp",
                Chart.mermaid(PnPMachine.self, from: .created, events: PnPMachine.Event.allCases)
            ),
            (
                "power",
                Chart.mermaid(PowerMachine.self, from: .off, events: PowerMachine.Event.allCases)
            ),
        ]
        let readme = URL(filePath: #filePath).appending(path: "../../../README.md").standardized
        var text = try String(contentsOf: readme, encoding: .utf8)
        let mayWrite = ProcessInfo.processInfo.environment["WRITE_CHARTS"] != nil
        for (name, chart) in charts {
            let opening = "<!-- chart \(name) -->\n"
            let start = try #require(text.range(of: opening)?.upperBound)
            let end = try #require(
                text.range(of: "<!-- end -->", range: start..<text.endIndex)?.lowerBound)
            if mayWrite {
                text.replaceSubrange(start..<end, with: chart)
            } else {
                #expect(text[start..<end] == chart, "run WRITE_CHARTS=1 swift test --filter Chart")
            }
        }
        if mayWrite { try text.write(to: readme, atomically: true, encoding: .utf8) }
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
