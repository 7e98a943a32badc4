import DriverFoundation
import LibUSBBus
import LogindSleep

/// What every sample does around its own part: drivers on a bus, narrated, until the program's part
/// is done or a signal comes; then an orderly end.
package struct Host: Sendable {
    package let bus: any USBBus
    package let plugAndPlay: PlugAndPlay
    package let narrator: Narrator
    private let rescans: Rescans
    /// The clock to wait on.
    package var clock: LoopClock { LoopClock(bus.loop) }

    /// Puts `drivers` on `bus`; see ``run(_:)``.
    package init(
        on bus: any USBBus, drivers: [any FunctionDriver.Type], filters: [FilterPlacement] = [],
        narrator: Narrator, options: PlugAndPlay.Options = PlugAndPlay.Options()
    ) {
        var options = options
        let rescans = Rescans()
        let observer = options.observer
        options.observer = { device, step in
            narrator.observe(device, step)
            observer?(device, step)
        }
        options.discoveryUnavailable = { reason in
            narrator.tell(.framework, "\(reason) Until then: a look each second.", .red)
            // L27: the bus has lost its sight, not its hands.
            rescans.start(bus)
        }
        // What it logs, the narrator tells.
        options.logger.logLevel = .critical
        // Virtual devices have nobody's sleep to fear.
        if bus is LibUSBBus { options.sleepSource = Self.sleepSource(narrator, options) }
        self.rescans = rescans
        self.bus = bus
        self.narrator = narrator
        plugAndPlay = PlugAndPlay(
            on: bus, drivers: drivers, filters: filters, options: options)
    }

    /// The system's sleep, by logind; what is told of it is narrated.
    private static func sleepSource(
        _ narrator: Narrator, _ options: PlugAndPlay.Options
    ) -> LogindSleepSource {
        var sleep = LogindSleepSource.Options()
        sleep.logger = options.logger
        sleep.observer = { [firstRetry = sleep.firstRetry] notice in
            switch notice {
            case .late: narrator.tell(.framework, "\(notice)", .red)
            // Each further try that fails is no news.
            case .unavailable(let error, let retry):
                guard retry ?? firstRetry == firstRetry else { return }
                narrator.tell(.framework, "the system's sleep is not noticed: \(error)")
            default: narrator.tell(.framework, "\(notice)")
            }
        }
        return LogindSleepSource(who: "Driver Foundation's sample", options: sleep)
    }

    /// Starts the bus, runs `body`, and stops the bus, whatever `body` did: devices are removed and
    /// given back first.
    ///
    /// Cancellation: cancels `body`.
    package func run<Result: Sendable>(
        _ body: @escaping @Sendable (Host) async throws -> Result
    ) async throws -> Result {
        try await plugAndPlay.start()
        let outcome: Swift.Result<Result, any Error>
        do { outcome = .success(try await body(self)) } catch { outcome = .failure(error) }
        await rescans.stop()
        await plugAndPlay.stop()
        return try outcome.get()
    }

    /// Runs `body` and cancels it when `limit` has passed.
    ///
    /// - Returns: What `body` returned, `nil` when the time was up before.
    package func within<Result: Sendable>(
        _ limit: Duration?, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        guard let limit else { return try await body() }
        let clock = clock
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                guard await clock.wait(for: limit) else { throw CancellationError() }
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// Waits until a device of these drivers can be opened.
    ///
    /// - Returns: `false` when none came in time.
    package func arrival(within patience: Duration) async throws -> Bool {
        let changes = plugAndPlay.interfaces.changes()
        let isThere = try await within(patience) { () -> Bool in
            for await case .arrived in changes { return true }
            throw CancellationError()
        }
        return isThere ?? false
    }

    /// Waits for `duration`; throws when the program is asked to end.
    package func wait(for duration: Duration) async throws {
        guard await clock.wait(for: duration) else { throw CancellationError() }
    }

    /// Runs `body` and cancels it at the first SIGINT or SIGTERM; a second one ends the program.
    ///
    /// - Returns: What `body` returned, `nil` when a signal came first.
    package static func untilSignalled<Result: Sendable>(
        _ narrator: Narrator, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        let (wishes, wish) = AsyncStream<Void>.makeStream()
        let signals = Signals { wish.yield() }
        defer { withExtendedLifetime(signals) {} }
        return try await withThrowingTaskGroup(of: Ending<Result>.self) { group in
            group.addTask {
                do { return .ended(.success(try await body())) } catch {
                    return .ended(.failure(error))
                }
            }
            group.addTask {
                for await _ in wishes { return .signalled }
                return .unasked
            }
            var isSignalled = false
            while let event = try await group.next() {
                switch event {
                case .unasked: break
                case .signalled:
                    isSignalled = true
                    narrator.terminal.setStatus(nil)
                    narrator.tell(.hand, "asks the program to end", .bold)
                    group.cancelAll()
                case .ended(let outcome):
                    group.cancelAll()
                    if isSignalled, case .failure = outcome { return nil }
                    return try outcome.get()
                }
            }
            return nil
        }
    }
}

/// What ends a program's part.
private enum Ending<Result: Sendable>: Sendable {
    case ended(Swift.Result<Result, any Error>)
    case signalled
    case unasked
}

/// Looks for devices again and again, on a bus that does not notice them by itself.
private final class Rescans: @unchecked Sendable {
    // Sendable because `task` is guarded by `lock`.
    private let lock = Lock()
    private var task: Task<Void, Never>?

    func start(_ bus: any USBBus) {
        lock.withLock {
            guard task == nil else { return }
            task = Scope(on: bus.loop, name: "rescans").task {
                while await LoopClock(bus.loop).wait(for: .seconds(1)) { await bus.rescan() }
            }
        }
    }

    func stop() async {
        let task = lock.withLock { self.task }
        task?.cancel()
        await task?.value
    }
}

/// Why a program could not do what it was asked, in a sentence that says what to do.
package struct ProgramError: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
