import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// The driver as a whole: §1.2.
@Suite struct UnloadTests {
    @Test("DRV-3: a driver unloads once, after the end of every device, before the bus stops")
    func unload() throws {
        try Simulation.seeds(0..<16) { simulation in
            let events = Events()
            var options = PlugAndPlay.Options()
            options.observer = { _, step in if step == .disposed { events.add("disposed") } }
            let bus = VirtualBus(on: simulation.loop)
            let plugAndPlay = PlugAndPlay(
                on: bus, drivers: [UnloadingDriver.self], options: options)
            try await plugAndPlay.start()
            for _ in 0..<3 { _ = try await bus.plug { Gadget(port: $0) } }
            await simulation.clock.wait(for: .seconds(1))
            UnloadingDriver.registry.value[nil] = events
            await plugAndPlay.stop()
            await plugAndPlay.stop()
            try same(events.all, ["disposed", "disposed", "disposed", "unload"], "events")
        }
    }

    @Test("DRV-4: a driver can ask which version it was built with, and what that one offers")
    func version() {
        let current = FrameworkVersion.current
        #expect(current.offers(current))
        #expect(!current.offers(FrameworkVersion(current.major + 1, 0)))
        #expect(FrameworkVersion(1, 4, 2).offers(FrameworkVersion(1, 3, 9)))
        #expect(!FrameworkVersion(1, 2).offers(FrameworkVersion(1, 3)))
        #expect(!FrameworkVersion(0, 4).offers(FrameworkVersion(0, 3)))
        #expect(FrameworkVersion(0, 10) > FrameworkVersion(0, 9, 9))
        #expect("\(FrameworkVersion(0, 3))" == "0.3.0")
    }

    @Test("DRV-7: what goes wrong is in the log by the device's name, what happened is in the ring")
    func diagnostics() throws {
        let script = Script([
            .enterD0: { driver throws(DeviceError) in throw DeviceError(.stalled, "It is cold.") }
        ])
        try onBench(seeds: 0..<4, script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .startFailed)
            let error = bench.journal.errors.first ?? ""
            try check(error.contains("Gadget") && error.contains("It is cold."), error)
            let steps = bench.plugAndPlay.recorder.records.filter { $0.kind == .lifecycleStep }
            let step = LifecycleStep.threw(.enterD0, DeviceError(.stalled, "It is cold."))
            try check(steps.contains { $0.details.0 == step.number }, "not in the ring")
        }
    }

    @Test("DEV-2, SEED-6: callbacks are one group with defaults; a driver gives those it cares for")
    func oneCallback() throws {
        try onBench(drivers: [OneCallback.self]) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            guard let driver = try bench.device.state.value.driver as? OneCallback else {
                throw Surprise("no driver")
            }
            await plug.unplug()
            await bench.journal.wait(for: .disposed)
            try same(await driver.calls, 1, "calls")
            try same(bench.journal.errors, [], "errors")
        }
    }
}

private actor OneCallback: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    var calls = 0
    init(device: Device) async throws(DeviceError) { self.device = device }
    func exitD0(to next: PowerState) async throws(DeviceError) { calls += 1 }
}

private actor UnloadingDriver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    static let registry = Registry()
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }
    static func unload() async { registry.value[nil]?.add("unload") }

    /// Sendable because one simulation runs at a time that uses it.
    final class Registry: @unchecked Sendable {
        var value: [ObjectIdentifier?: Events] = [:]
    }
}
