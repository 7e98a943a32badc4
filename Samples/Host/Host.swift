import DriverFoundation
import Glibc

/// What every sample does around its own part: drivers on a bus, narrated, until the program's part is
/// done or a signal comes; then an orderly end.
package struct Host: Sendable {
    package let bus: any USBBus
    package let plugAndPlay: PlugAndPlay
    package let narrator: Narrator
    /// The clock to wait on.
    package var clock: LoopClock { LoopClock(bus.loop) }

    /// Puts `drivers` on `bus`; see ``run(_:)``.
    package init(
        on bus: any USBBus, drivers: [any FunctionDriver.Type], narrator: Narrator,
        options: PlugAndPlay.Options = PlugAndPlay.Options()
    ) {
        var options = options
        let observer = options.observer
        options.observer = { device, step in
            narrator.observe(device, step)
            observer?(device, step)
        }
        options.discoveryUnavailable = { reason in
            narrator.tell(.framework, "arrivals go unnoticed: \(reason)", .red)
        }
        self.bus = bus
        self.narrator = narrator
        plugAndPlay = PlugAndPlay(on: bus, drivers: drivers, options: options)
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
        await plugAndPlay.stop()
        return try outcome.get()
    }

    /// Runs `body` and cancels it at the first SIGINT or SIGTERM; a second one ends the program.
    package static func untilSignalled<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let task = Task { try await body() }
        let signals = Signals { task.cancel() }
        defer { withExtendedLifetime(signals) {} }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}

/// Why a program could not do what it was asked, in a sentence that says what to do.
package struct ProgramError: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
