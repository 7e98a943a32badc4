import DriverRuntime
import Testing

extension RecordKind {
    fileprivate static let opened = RecordKind(0xFF02, "opened")
    fileprivate static let closed = RecordKind(0xFF03, "closed")
}

@Suite struct FlightRecorderTests {
    @Test("a record is 32 bytes and tells what was recorded")
    func record() throws {
        #expect(MemoryLayout<FlightRecord>.size == 32)
        try withLoop { loop throws in
            let recorder = FlightRecorder(on: loop)
            let before = loop.now
            recorder.record(.opened, object: 7, 1, .max)
            recorder.record(.closed, at: Instant(nanoseconds: 3))
            let records = recorder.records
            try #require(records.count == 2)
            #expect(records[0].kind == .opened)
            #expect(records[0].object == 7)
            #expect(records[0].details == (1, .max))
            #expect(records[0].instant >= before && records[0].instant <= loop.now)
            #expect(records[1].instant == Instant(nanoseconds: 3))
            #expect("\(records[1].kind)" == "closed")
            #expect(recorder.overwritten == 0)
        }
    }

    @Test("the ring keeps the newest records, oldest first, and counts those it lost")
    func ring() {
        withLoop { loop in
            for count in [0, 1, 7, 8, 9, 16, 17, 1000] {
                let recorder = FlightRecorder(on: loop, capacity: 8)
                for number in 0..<UInt64(count) { recorder.record(.opened, number) }
                let numbers = recorder.records.map(\.details.0)
                #expect(numbers == (0..<UInt64(count)).suffix(8).map { $0 })
                #expect(recorder.overwritten == UInt64(max(0, count - 8)))
            }
        }
    }

    @Test("an observer is told each record, and may record itself")
    func observer() {
        withLoop { loop in
            let recorder = FlightRecorder(on: loop, capacity: 8)
            let seen = LoopConfined(on: loop, [RecordKind]())
            recorder.observer = { record in
                seen.value.append(record.kind)
                if record.kind == .opened { recorder.record(.closed) }
            }
            recorder.record(.opened)
            #expect(seen.value == [.opened, .closed])
            #expect(recorder.records.map(\.kind) == [.opened, .closed])
            recorder.observer = nil
            recorder.record(.opened)
            #expect(seen.value.count == 2)
        }
    }

    @Test("a kind's number has one name, and a second one traps")
    func names() async {
        #expect(RecordKind(0xFF02, "opened") == .opened)
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            _ = RecordKind(0xFF10, "one")
            _ = RecordKind(0xFF10, "other")
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("both 'one' and 'other'"))
    }
}
