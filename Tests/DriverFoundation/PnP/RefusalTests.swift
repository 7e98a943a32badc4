import DriverSimulation
import Logging
import Testing
import VirtualUSB

@testable import DriverFoundation

@Suite struct RefusalTests {
    @Test(
        "PNP-12: hardware that is refused: no Prepare, no Release, the reason is reported",
        arguments: RefusingBus.Call.allCases, [BusError.Code.busy, .accessDenied, .deviceGone])
    func refused(call: RefusingBus.Call, code: BusError.Code) throws {
        try Simulation.seeds(0..<4) { simulation in
            let journal = Journal(on: simulation.loop)
            let virtual = VirtualBus(on: simulation.loop)
            let bus = RefusingBus(
                virtual, refusing: call, with: BusError(code, "Ask the administrator."))
            var options = PlugAndPlay.Options()
            options.observer = { journal.note($1, of: $0) }
            options.logger = Logger(label: "refusal") { _ in JournalLogHandler(journal: journal) }
            let plugAndPlay = PlugAndPlay(
                on: bus, drivers: [ScriptedDriver.self], options: options)
            try await plugAndPlay.start()
            let plug = try await virtual.plug { Gadget(port: $0) }
            await journal.wait(for: .startFailed)
            let wanted: DeviceError.Code =
                switch code {
                case .busy: .busy
                case .accessDenied: .accessDenied
                default: .removed
                }
            try journal.expect(
                """
                matched to ScriptedDriver
                deviceAdd
                hardware refused: \(wanted)
                (not: prepareHardware, releaseHardware)
                start failed
                """)
            try check(journal.errors.contains { $0.contains("administrator") }, "\(journal.errors)")
            try same(bus.openDevices, 0, "open devices")
            await plug.unplug()
            await journal.wait(for: .disposed)
            try same(
                Array(journal.lines().suffix(3)),
                ["surpriseRemoval", "all queues purged", "disposed"], "the end")
            await plugAndPlay.stop()
        }
    }
}
