import Glibc
import Logging
import Testing
import VirtualUSB

@testable import DriverFoundation

@Suite struct VerifierOptionsTests {
    /// A driver whose writes keep the loop as many milliseconds as they have bytes.
    private static let spinning = Script([
        .deviceAdd: { driver in
            driver.device.queue(
                .sequential, for: driver, write: { $0.spin($1) })
        }
    ])

    @Test("VF-63: options are read from one line; what is not understood is named with the remedy")
    func parsing() throws {
        let both = try VerifierOptions(parsing: "slow=10,watchdog=2000")
        #expect(both.slowHandlers == .milliseconds(10))
        #expect(both.watchdogInterval == .seconds(2))
        #expect(try VerifierOptions(parsing: "") == VerifierOptions())
        for text in ["fast=1", "slow", "slow=", "slow=0", "slow=-1", "slow=x", "slow=1 ,", "=1"] {
            let error = #expect(throws: DeviceError.self) {
                try VerifierOptions(parsing: text)
            }
            #expect(error?.code == .invalidRequest)
            #expect("\(try #require(error))".contains("write slow=MILLISECONDS"))
        }
    }

    @Test("VF-63: the environment chooses them, and a mistake there is told, not fatal")
    func environment() async {
        await #expect(processExitsWith: .success) {
            var reports: [String] = []
            precondition(VerifierOptions.environment { reports.append($0) } == VerifierOptions())
            unsafe setenv("DRIVER_FOUNDATION_VERIFIER", "slow=7", 1)
            let chosen = VerifierOptions.environment { reports.append($0) }
            precondition(chosen.slowHandlers == .milliseconds(7) && reports.isEmpty)
            unsafe setenv("DRIVER_FOUNDATION_VERIFIER", "slow", 1)
            precondition(VerifierOptions.environment { reports.append($0) } == VerifierOptions())
            precondition(reports.count == 1 && reports[0].contains("VERIFIER: "))
        }
    }

    @Test("VF-14, S-4: a handler that keeps the loop from everything else is named")
    func slowHandlers() async throws {
        let bus = VirtualBus()
        let journal = Journal(on: bus.loop)
        Script.register(
            Self.spinning, Valve(on: bus.loop), for: bus.loop)
        var options = PlugAndPlay.Options()
        options.logger = Logger(label: "verifier") { _ in JournalLogHandler(journal: journal) }
        options.verifier = VerifierOptions()
        options.verifier?.slowHandlers = .milliseconds(150)
        let plugAndPlay = PlugAndPlay(on: bus, drivers: [ScriptedDriver.self], options: options)
        try await plugAndPlay.start()
        let plug = try await bus.plug { Gadget(port: $0) }
        let file = try await plugAndPlay.interfaces.open(.gadget)
        try await file.write([UInt8](repeating: 0, count: 200))
        let errors = await bus.loop.perform { journal.errors } ?? []
        #expect(errors.contains { $0.contains("VF-14") && $0.contains("Gadget") }, "\(errors)")
        await file.close()
        await plug.unplug()
        await plugAndPlay.stop()
        Script.forget(bus.loop)
    }
}

extension ScriptedDriver {
    fileprivate func spin(_ request: consuming Request) {
        let length = request.input.byteCount
        let end = device.clock.now.advanced(by: .milliseconds(length))
        while device.clock.now < end {}
        request.complete(length)
    }
}
