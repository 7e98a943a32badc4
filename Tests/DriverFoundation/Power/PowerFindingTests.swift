import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// What storms have found about power, each by itself.
@Suite struct PowerFindingTests {
    @Test("WAKE-1: what several voices say together never arms a device to wake from D3")
    func armedFromD3() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                var settings = IdleSettings()
                settings.isEnabled = true
                settings.timeout = .seconds(2)
                settings.suspends = true
                settings.state = .d3
                try driver.setIdle(settings)
            }
        ])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            var settings = IdleSettings()
            settings.wakes = true
            settings.suspends = true
            try bench.device.setIdle(settings, by: .user)
            await bench.clock.wait(for: .seconds(3))
            let notes = try await bench.driver.notes
            try check(notes.contains { $0.hasPrefix("armWake") }, "not armed: \(notes)")
            try same(notes.last, "exitD0(to: d2)", "where it went")
        }
    }

    @Test(
        "PNP-6, PNP-7: a question that waits for the system's waking keeps no program from ending")
    func questionInSleep() throws {
        try onBench(IdleTests.script()) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            await bench.plugAndPlay.system(.falling)
            let device = try bench.device
            async let question = code { try await device.remove() }
            await bench.settle()
            await bench.plugAndPlay.stop()
            try same(bench.journal.lines().last, "disposed", "the end")
            _ = await question
        }
    }

    @Test("WAKE-3, PNP-12: who waits for D0 of a device whose hardware was refused is told")
    func refusedHardware() throws {
        try Simulation.seeds(0..<4) { simulation in
            let journal = Journal(on: simulation.loop)
            let virtual = VirtualBus(on: simulation.loop)
            let bus = RefusingBus(
                virtual, refusing: .open, with: BusError(.busy, "Somebody has it."))
            var options = PlugAndPlay.Options()
            options.observer = { journal.note($1, of: $0) }
            let plugAndPlay = PlugAndPlay(
                on: bus, drivers: [ScriptedDriver.self], options: options)
            try await plugAndPlay.start()
            let plug = try await virtual.plug { Gadget(port: $0) }
            await journal.wait(for: .startFailed)
            let device = try #require(journal.device)
            let refused = await code { try await device.withD0 { () throws(DeviceError) in } }
            try same(refused, .invalidDeviceState, "who waits")
            try same(await code { try await device.wakeNow() }, .invalidDeviceState, "who commands")
            await plug.unplug()
            await plugAndPlay.stop()
        }
    }
}
