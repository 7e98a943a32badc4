import Foundation

/// What a run of Swift Testing told, one record of JSON a line (version 6.3): the tests with their
/// names and places, and how each ended.
package struct EventStream: Sendable {
    package struct Test: Sendable {
        package var name: String
        package var file: String
        package var line: Int
        package var outcome = Evidence.Outcome.notRun
        /// From its start to its end; nil if it did not end.
        package var seconds: Double?
    }

    package private(set) var tests: [Test] = []

    private struct Record: Decodable {
        var kind: String
        var payload: Payload
    }

    private struct Payload: Decodable {
        var kind: String
        var id: String?
        var name: String?
        var displayName: String?
        var sourceLocation: SourceLocation?
        var testID: String?
        var instant: Instant?
        var messages: [Message]?
    }

    private struct SourceLocation: Decodable {
        var filePath: String?
        var line: Int
    }

    private struct Instant: Decodable {
        var absolute: Double
    }

    private struct Message: Decodable {
        var symbol: String
    }

    package enum Failure: Error, CustomStringConvertible {
        case unreadable(line: Int, String)

        package var description: String {
            switch self {
            case .unreadable(let line, let reason): "the event stream's line \(line): \(reason)"
            }
        }
    }

    /// - Parameter root: The repository, from which the tests' files are named.
    package init(text: String, root: String) throws(Failure) {
        var places: [String: Int] = [:]
        var starts: [String: Double] = [:]
        let prefix = root.hasSuffix("/") ? root : root + "/"
        for (number, line) in text.split(separator: "\n").enumerated() {
            // Most of a stream is of no interest here, and decoding is slow.
            guard
                line.contains("\"function\"") || line.contains("\"testStarted\"")
                    || line.contains("\"testEnded\"")
            else { continue }
            let record: Record
            do {
                record = try JSONDecoder().decode(Record.self, from: Data(line.utf8))
            } catch {
                throw .unreadable(line: number + 1, "\(error)")
            }
            let payload = record.payload
            switch payload.kind {
            case "function":
                guard let id = payload.id, let location = payload.sourceLocation else { continue }
                let path = location.filePath ?? ""
                let test = Test(
                    name: payload.displayName ?? payload.name ?? id,
                    file: path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path,
                    line: location.line)
                places[id] = tests.count
                tests.append(test)
            case "testStarted":
                if let id = payload.testID { starts[id] = payload.instant?.absolute }
            case "testEnded":
                guard let id = payload.testID, let index = places[id] else { continue }
                let isPassed = payload.messages?.first?.symbol == "pass"
                tests[index].outcome = isPassed ? .passed : .failed
                if let start = starts[id], let end = payload.instant?.absolute {
                    tests[index].seconds = end - start
                }
            default: break
            }
        }
    }

    /// The tests that name rows.
    package var evidence: [Evidence] {
        tests.map {
            Evidence(
                shown: ShownRule(name: $0.name), file: $0.file, line: $0.line,
                outcome: $0.outcome)
        }
    }
}
