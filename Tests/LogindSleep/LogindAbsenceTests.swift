import DriverFoundation
import Foundation
import Testing

@testable import LogindSleep

/// No bus, no logind, no leave, no answer: each is told of with its remedy, and ends by itself.
@Suite(.timeLimit(.minutes(10))) struct LogindAbsenceTests {
    @Test("PNP-5: without a bus it says so and tries again, until there is one")
    func noBus() async throws {
        let bench = try await SourceBench()
        await bench.begin()
        let first = try await bench.happenings.unavailable()
        #expect(first.error.code == .noBus && first.retry == .milliseconds(20), "\(first)")
        #expect("\(first.error)".contains("start dbus.service"), "\(first.error)")
        let second = try await bench.happenings.unavailable()
        #expect(second.error.code == .noBus && second.retry == .milliseconds(40), "\(second)")
        try await bench.referee.says("bus")
        try await bench.referee.says("logind")
        try await bench.happenings.watching()
        try await bench.referee.says("inhibitors 1")
        await bench.source.end()
    }

    @Test("PNP-5: without a logind it says so, and begins when one comes")
    func noLogind() async throws {
        let bench = try await SourceBench("bus")
        await bench.begin()
        let told = try await bench.happenings.unavailable()
        #expect(told.error.code == .noLogind && told.retry == nil, "\(told)")
        #expect("\(told.error)".contains("start systemd-logind.service"), "\(told.error)")
        try await bench.referee.says("logind")
        try await bench.happenings.watching()
        try await bench.referee.says("inhibitors 1")
        await bench.source.end()
    }

    @Test("PNP-5: logind ends and comes again: a new inhibitor, and sleep is noticed as before")
    func anotherLogind() async throws {
        let bench = try await SourceBench("bus", "logind")
        await bench.begin()
        try await bench.happenings.watching()
        try await bench.referee.says("no-logind")
        #expect(try await bench.happenings.unavailable().error.code == .noLogind)
        try await bench.referee.says("logind")
        try await bench.happenings.watching()
        try await sleepsAndWakes(bench)
    }

    @Test(
        "PNP-5: the bus is lost: that is told of, it is tried again, and sleep is noticed as before"
    )
    func lostBus() async throws {
        let bench = try await SourceBench("bus", "logind")
        await bench.begin()
        try await bench.happenings.watching()
        try await bench.referee.says("no-bus")
        let code = try await bench.happenings.unavailable().error.code
        #expect(code == .noLogind || code == .disconnected)
        try await bench.referee.says("bus")
        try await bench.referee.says("logind")
        try await bench.happenings.watching()
        try await sleepsAndWakes(bench)
    }

    private func sleepsAndWakes(_ bench: SourceBench) async throws {
        try await bench.referee.says("inhibitors 1")
        try await bench.referee.says("sleep")
        try await bench.happenings.next(.returned(.falling))
        try await bench.referee.says("inhibitors 0")
        try await bench.referee.says("wake")
        try await bench.happenings.next(.returned(.awake))
        try await bench.referee.says("inhibitors 1")
        await bench.source.end()
    }

    @Test("PNP-5: lost while the system sleeps, the waking is learnt when logind is heard again")
    func lostAsleep() async throws {
        let bench = try await SourceBench("bus", "logind") { $0.patience = .seconds(600) }
        await bench.begin()
        try await bench.happenings.watching()
        try await bench.referee.says("sleep")
        try await bench.happenings.next(.returned(.falling))
        try await bench.referee.says("no-bus")
        _ = try await bench.happenings.unavailable()
        try await bench.referee.says("bus")
        try await bench.referee.says("logind")
        try await bench.happenings.next(.returned(.awake))
        await bench.source.end()
    }

    @Test("PNP-5: lost while the system sleeps, and not heard again: the devices come back")
    func unheard() async throws {
        let bench = try await SourceBench("bus", "logind") { $0.patience = .milliseconds(300) }
        await bench.begin()
        try await bench.happenings.watching()
        try await bench.referee.says("sleep")
        try await bench.happenings.next(.returned(.falling))
        try await bench.referee.says("no-bus")
        try await bench.happenings.next(.notice(.unheard(after: .milliseconds(300))))
        try await bench.happenings.next(.returned(.awake))
        await bench.source.end()
    }

    @Test("PNP-5: a bus whose policy forbids the inhibitor: the reason, and what allows it")
    func denied() async throws {
        let bench = try await SourceBench("strict-bus", "logind")
        await bench.begin()
        let told = try await bench.happenings.unavailable()
        #expect(told.error.code == .denied && told.retry != nil, "\(told)")
        #expect("\(told.error)".contains("inhibit-delay-sleep"), "\(told.error)")
        await bench.source.end()
    }

    @Test("PNP-5: a logind that does not answer is told of, and asked again")
    func hanging() async throws {
        let bench = try await SourceBench("bus", "logind", "hang") {
            $0.answerLimit = .milliseconds(200)
        }
        await bench.begin()
        #expect(try await bench.happenings.unavailable().error.code == .noReply)
        try await bench.referee.says("go-on")
        try await bench.happenings.watching()
        try await bench.referee.says("inhibitors 1")
        await bench.source.end()
    }

    @Test("PNP-5: the bus is where DBUS_SYSTEM_BUS_ADDRESS says")
    func environment() async throws {
        let referee = try await Referee("bus", "logind")
        await #expect(processExitsWith: .success) { [address = referee.address as String] in
            unsafe setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1)
            let happenings = Happenings<SourceHappening>()
            var options = LogindSleepSource.Options()
            options.observer = { happenings.note(.notice($0)) }
            let source = LogindSleepSource(who: "test of sleep", options: options)
            await source.begin { _ in }
            try await happenings.watching()
            await source.end()
        }
        try await referee.says("inhibitors 0")
    }
}
