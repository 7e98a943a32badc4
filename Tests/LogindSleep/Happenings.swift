import DriverFoundation
import Logging
import Testing

@testable import LogindSleep

/// What has happened, in order, to be taken one after the other.
final class Happenings<Happening: Sendable & Hashable>: @unchecked Sendable {
    // Sendable because `noted` is guarded by `lock`.
    private let lock = Lock()
    private var noted: [Happening] = []
    private let stream: AsyncStream<Happening>
    private let continuation: AsyncStream<Happening>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func note(_ happening: Happening) {
        lock.withLock {
            noted.append(happening)
            continuation.yield(happening)
        }
    }

    /// All that has happened so far, taken or not.
    var all: [Happening] { lock.withLock { noted } }

    /// The next that `pick` makes something of; those before it are let go. The test's own limit of
    /// time is the deadline.
    func next<Result>(_ pick: (Happening) -> Result?) async throws -> Result {
        for await happening in stream {
            if let result = pick(happening) { return result }
        }
        throw CancellationError()
    }

    func next(_ wanted: Happening) async throws { try await next { $0 == wanted ? () : nil } }

    /// All that has happened since the last that was taken; to be asked at the end.
    func rest() async -> [Happening] {
        continuation.finish()
        var rest: [Happening] = []
        for await happening in stream { rest.append(happening) }
        return rest
    }
}

/// What a source has told and called.
enum SourceHappening: Sendable, Hashable {
    case notice(SleepNotice)
    case began(SystemSleep)
    case returned(SystemSleep)

    var isCall: Bool { if case .notice = self { false } else { true } }
}

extension Happenings<SourceHappening> {
    func notice<Result>(_ pick: (SleepNotice) -> Result?) async throws -> Result {
        try await next { if case .notice(let notice) = $0 { pick(notice) } else { nil } }
    }

    /// Waits for the inhibitor: the longest time that logind waits.
    @discardableResult
    func watching() async throws -> Duration {
        try await notice { if case .watching(let limit) = $0 { limit } else { nil } }
    }

    func unavailable() async throws -> (error: LogindError, retry: Duration?) {
        try await notice { notice in
            if case .unavailable(let error, let retry) = notice { (error, retry) } else { nil }
        }
    }
}

/// A source on a referee's bus, whose handler takes the time that the test gives it.
struct SourceBench: Sendable {
    let referee: Referee
    let source: LogindSleepSource
    let happenings = Happenings<SourceHappening>()
    let gate = Gate()

    init(
        _ commands: String..., settings: (inout LogindSleepSource.Options) -> Void = { _ in }
    ) async throws {
        referee = try await Referee()
        for command in commands { try await referee.says(command) }
        var options = LogindSleepSource.Options()
        options.address = referee.address
        options.firstRetry = .milliseconds(20)
        options.observer = { [happenings] in happenings.note(.notice($0)) }
        options.logger.logLevel = .critical
        settings(&options)
        source = LogindSleepSource(who: "test of sleep", options: options)
    }

    func begin() async {
        await source.begin { [happenings, gate] sleep in
            happenings.note(.began(sleep))
            await gate.pass()
            happenings.note(.returned(sleep))
        }
    }
}

/// Lets pass whoever comes, unless it is closed.
actor Gate {
    private var isOpen = true
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func close() { isOpen = false }

    func open() {
        isOpen = true
        for one in waiting { one.resume() }
        waiting = []
    }

    func pass() async {
        if isOpen { return }
        await withCheckedContinuation { waiting.append($0) }
    }
}
