import DriverFoundation
import Testing

@testable import LogindSleep

/// A source beside Debian's message bus and dbusmock's logind.
@Suite(.timeLimit(.minutes(10))) struct LogindTests {
    @Test(
        "PNP-5: the inhibitor is held until the handler has returned, and taken again after sleep")
    func oneSleep() async throws {
        let bench = try await SourceBench("bus", "logind 3000000")
        await bench.begin()
        #expect(try await bench.happenings.watching() == .seconds(3))
        #expect(
            try await bench.referee.says("inhibitors 1")
                == "sleep | test of sleep | Its devices go down first | delay")
        await bench.gate.close()
        try await bench.referee.says("sleep")
        try await bench.happenings.next(.notice(.announced(.falling)))
        try await bench.happenings.next(.began(.falling))
        // The mock has answered since: what was let go too early would be gone.
        try await bench.referee.says("inhibitors 1")
        await bench.gate.open()
        try await bench.happenings.next(.returned(.falling))
        try await bench.happenings.notice { if case .acknowledged = $0 { () } else { nil } }
        try await bench.referee.says("inhibitors 0")
        try await bench.referee.says("wake")
        try await bench.happenings.next(.returned(.awake))
        try await bench.referee.says("inhibitors 1")
        await bench.source.end()
        try await bench.referee.says("inhibitors 0")
        let rest = await bench.happenings.rest()
        #expect(rest.filter(\.isCall) == [])
    }

    @Test("PNP-5: what is said twice, or false without true, is noticed and changes nothing")
    func repeated() async throws {
        let bench = try await SourceBench("bus", "logind")
        await bench.begin()
        try await bench.happenings.watching()
        try await bench.referee.says("wake")
        try await bench.happenings.next(.notice(.repeated(.awake)))
        try await bench.referee.says("inhibitors 1")
        try await bench.referee.says("sleep")
        try await bench.referee.says("sleep")
        try await bench.happenings.next(.notice(.repeated(.falling)))
        try await bench.referee.says("inhibitors 0")
        try await bench.referee.says("wake")
        try await bench.referee.says("wake")
        try await bench.happenings.next(.notice(.repeated(.awake)))
        try await bench.referee.says("inhibitors 1")
        await bench.source.end()
        let calls = bench.happenings.all.filter(\.isCall)
        let once: [SourceHappening] = [
            .began(.falling), .returned(.falling), .began(.awake), .returned(.awake),
        ]
        #expect(calls == once, "\(bench.happenings.all)")
    }

    @Test("PNP-5: the words of logind from somebody else are not heard")
    func forged() async throws {
        let bench = try await SourceBench("bus", "logind")
        await bench.begin()
        try await bench.happenings.watching()
        try await bench.referee.says("forge true")
        // Whatever comes, comes in order.
        try await bench.referee.says("wake")
        try await bench.happenings.next(.notice(.repeated(.awake)))
        try await bench.referee.says("inhibitors 1")
        await bench.source.end()
        let rest = await bench.happenings.rest()
        #expect(rest == [])
    }

    @Test("PNP-5: devices slower than logind's limit are told of, and brought back all the same")
    func tooSlow() async throws {
        let bench = try await SourceBench("bus", "logind 100000")
        await bench.begin()
        #expect(try await bench.happenings.watching() == .milliseconds(100))
        await bench.gate.close()
        try await bench.referee.says("sleep")
        let late = try await bench.happenings.notice { notice -> Duration? in
            if case .late(let time) = notice { time } else { nil }
        }
        #expect(late >= .milliseconds(100))
        try await bench.referee.says("wake")
        try await bench.happenings.next(.notice(.announced(.awake)))
        await bench.gate.open()
        try await bench.happenings.next(.returned(.falling))
        let down = try await bench.happenings.notice { notice -> Duration? in
            if case .acknowledgedLate(let time) = notice { time } else { nil }
        }
        #expect(down >= late)
        try await bench.happenings.next(.returned(.awake))
        try await bench.referee.says("inhibitors 1")
        await bench.source.end()
    }

    @Test("PNP-5: whoever ends while devices go down waits for them, and is not told of the waking")
    func endWhileFalling() async throws {
        let bench = try await SourceBench("bus", "logind")
        await bench.begin()
        try await bench.happenings.watching()
        await bench.gate.close()
        try await bench.referee.says("sleep")
        try await bench.happenings.next(.began(.falling))
        async let end: Void = bench.source.end()
        try await bench.referee.says("wake")
        try await bench.referee.says("inhibitors 1")
        await bench.gate.open()
        await end
        try await bench.referee.says("inhibitors 0")
        let rest = await bench.happenings.rest()
        #expect(!rest.contains(.began(.awake)), "\(rest)")
    }

    @Test("PNP-5: ended at any time, begun again, ended twice: nothing stays behind")
    func ends() async throws {
        let bench = try await SourceBench("bus", "logind")
        for round in 0..<30 {
            await bench.begin()
            await bench.begin()
            if round % 3 == 1 { try await bench.happenings.watching() }
            if round % 3 == 2 { try await bench.referee.says("sleep") }
            await bench.source.end()
            await bench.source.end()
            if round % 3 == 2 { try await bench.referee.says("wake") }
        }
        try await bench.referee.says("inhibitors 0")
    }

    @Test("PNP-5: begun while the system falls asleep, the devices go down without an inhibitor")
    func begunLate() async throws {
        let bench = try await SourceBench("bus", "logind", "sleep")
        await bench.begin()
        try await bench.happenings.next(.returned(.falling))
        try await bench.referee.says("inhibitors 0")
        try await bench.referee.says("wake")
        try await bench.happenings.next(.returned(.awake))
        try await bench.referee.says("inhibitors 1")
        await bench.source.end()
    }

    @Test("PNP-5: twenty sleeps, one after the other")
    func twenty() async throws {
        let bench = try await SourceBench("bus", "logind")
        await bench.begin()
        for _ in 0..<20 {
            try await bench.referee.says("inhibitors 1")
            try await bench.referee.says("sleep")
            try await bench.referee.says("inhibitors 0")
            try await bench.referee.says("wake")
        }
        try await bench.referee.says("inhibitors 1")
        await bench.source.end()
        let calls = await bench.happenings.rest().filter(\.isCall)
        let round: [SourceHappening] = [
            .began(.falling), .returned(.falling), .began(.awake), .returned(.awake),
        ]
        #expect(calls == (0..<20).flatMap { _ in round })
    }
}
