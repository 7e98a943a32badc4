import DriverSimulation
import Foundation
import Testing

@testable import DriverFoundation

/// The event log: SEED-23.
@Suite struct EventLogTests {
    private func inFile(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID())").path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test("SEED-23: events are numbered on, over any number of openings, and are all found again")
    func numbers() throws {
        try inFile { path in
            var expected: [EventLog.Record] = []
            for round in 0..<4 {
                let log = try EventLog(at: path)
                #expect(log.truncated == 0)
                for number in 0..<5 {
                    let payload = [UInt8](repeating: UInt8(number), count: round * 7)
                    let sequence = try log.append(payload)
                    #expect(sequence == UInt64(round * 5 + number + 1))
                    expected.append(EventLog.Record(sequence: sequence, payload: payload))
                }
                try log.flush()
                #expect(try log.records() == expected)
                #expect(try log.records(from: 3) == Array(expected.dropFirst(2)))
            }
        }
    }

    @Test("SEED-23: cut off at any byte, a log opens with all that was whole, and goes on")
    func torn() throws {
        try inFile { path in
            var ends = [0]
            do {
                let log = try EventLog(at: path)
                for count in [3, 0, 40, 1] {
                    try log.append([UInt8](repeating: 9, count: count))
                    ends.append(try Data(contentsOf: URL(filePath: path)).count)
                }
            }
            let whole = try Data(contentsOf: URL(filePath: path))
            for cut in 0...whole.count {
                try whole.prefix(cut).write(to: URL(filePath: path))
                let log = try EventLog(at: path)
                let kept = ends.lastIndex { $0 <= cut } ?? 0
                #expect(try log.records().count == kept, "cut at \(cut)")
                #expect(log.truncated == cut - ends[kept])
                #expect(try log.append([1]) == UInt64(kept + 1))
                #expect(try log.records().last?.payload == [1])
            }
        }
    }

    @Test(
        "SEED-23: whatever byte is damaged, what stands before it is kept, and nothing is made up")
    func damaged() throws {
        var random = SeededGenerator(seed: 3)
        var bytes: [UInt8] = []
        var records: [EventLog.Record] = []
        for sequence in 1..<20 as Range<UInt64> {
            let payload = (0..<random.next(below: 30)).map { _ in UInt8(random.next(below: 256)) }
            records.append(EventLog.Record(sequence: sequence, payload: payload))
            bytes += EventLogFormat.encode(EventLog.Record(sequence: sequence, payload: payload))
        }
        #expect(EventLogFormat.decode(bytes).records == records)
        #expect(EventLogFormat.decode(bytes).end == bytes.count)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= UInt8(1 << random.next(below: 8))
            let (found, end) = EventLogFormat.decode(damaged)
            #expect(found == Array(records.prefix(found.count)))
            #expect(end <= index)
            let before = EventLogFormat.decode(Array(bytes[..<index])).records.count
            #expect(found.count == before)
        }
    }

    @Test("SEED-23: a log is one's own while it is open, and refuses what is too long")
    func refused() throws {
        try inFile { path in
            let log = try EventLog(at: path)
            #expect(
                throws: DeviceError(
                    .busy, "Event log \(path) is open already: close it there first.")
            ) {
                try EventLog(at: path)
            }
            let error = #expect(throws: DeviceError.self) {
                try log.append([UInt8](repeating: 0, count: EventLog.payloadLimit + 1))
            }
            #expect(error?.code == .invalidRequest)
            #expect(try log.append([]) == 1)
        }
    }

    @Test("SEED-23, DRV-7: a device's flight records can be kept in it, in their order")
    func flightRecords() throws {
        try inFile { path in
            let log = try EventLog(at: path)
            try onBench(seeds: 0..<1) { bench in
                _ = try await bench.open()
                let recorded = bench.plugAndPlay.recorder.records
                for record in recorded { try log.append(record) }
                let kept = try log.records()
                try same(kept.count, recorded.count, "kept")
                for (record, kept) in zip(recorded, kept) {
                    try same(kept.payload.count, 30, "bytes")
                    try same(
                        Array(kept.payload.prefix(2)),
                        EventLogFormat.bytes(record.kind.rawValue), "kind")
                }
            }
        }
    }
}
