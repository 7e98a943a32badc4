import Testing
import VirtualUSB

@testable import DriverFoundation

/// Who decides about a device's power: its function driver, for the whole stack. That a filter
/// cannot is shown by what does not compile.
@Suite struct PolicyOwnerTests {
    private static let script = Script([
        .deviceAdd: { driver throws(DeviceError) in
            driver.idle(after: .seconds(1))
            driver.device.queue(.sequential, for: driver, write: { $1.complete(1) })
        },
        .enterD0: { $0.device.tell("function up") },
        .exitD0: { $0.device.tell("function down") },
    ])

    @Test("DEV-3: the function driver lets the device idle, and the filters go down and up with it")
    func owner() throws {
        let filters: [FilterPlacement] = [.lower(Under.self), .upper(Over.self)]
        try onBench(Self.script, filters: filters) { bench in
            let (plug, _, file) = try await bench.open()
            let device = try bench.device
            try same(device.idleReport.settings.decidedBy, .driver, "who decided")
            await bench.clock.wait(for: .seconds(2))
            try check(!device.idleReport.isInD0, "in D0")
            try await file.write([1])
            await bench.settle()
            try check(device.idleReport.isInD0, "not in D0")
            let up = ["lower up", "function up", "upper up"]
            let down = ["upper down", "function down", "lower down"]
            try same(bench.journal.told, up + down + up, "calls")
            await plug.unplug()
            await file.close()
        }
    }

    @Test("DEV-3, WAKE-3: the driver holds D0 in its own name, and waits for it")
    func holds() throws {
        try onBench(Self.script) { bench in
            let (plug, _, file) = try await bench.open()
            let (driver, device) = (try bench.driver, try bench.device)
            let hold = driver.stopIdling(for: "toast")
            await bench.clock.wait(for: .seconds(5))
            try same(device.idleReport.holders.map(\.name), ["toast"], "holders")
            hold.end()
            await bench.clock.wait(for: .seconds(5))
            try check(!device.idleReport.isInD0, "it does not idle")
            let isInD0 = try await driver.withD0 { () throws(DeviceError) in
                device.idleReport.isInD0
            }
            try check(isInD0, "not in D0 inside")
            await plug.unplug()
            await file.close()
        }
    }

    @Test("DEV-3, WAKE-8: the program speaks for administrator and user, never for the driver")
    func program() throws {
        try onBench(Self.script) { bench in
            let (plug, _, file) = try await bench.open()
            let (device, program) = (try bench.device, bench.plugAndPlay)
            var never = IdleSettings()
            never.isEnabled = false
            try same(
                await code { try await program.setIdle(never, of: device, by: .driver) },
                .invalidRequest, "as the driver")
            try same(device.idleReport.settings.decidedBy, .driver, "who decides still")
            try await program.setIdle(never, of: device, by: .administrator)
            try same(device.idleReport.settings.decidedBy, .administrator, "who decides then")
            await bench.clock.wait(for: .seconds(5))
            try check(device.idleReport.isInD0, "it idles")
            var wrong = IdleSettings()
            wrong.timeout = .seconds(-1)
            try same(
                await code { try await program.setIdle(wrong, of: device, by: .user) },
                .invalidRequest, "what cannot be")
            await plug.unplug()
            await file.close()
        }
    }

    @Test("DEV-3, WAKE-9: the program takes a device down and brings it back")
    func directed() throws {
        try onBench(Self.script) { bench in
            let (plug, _, file) = try await bench.open()
            let (device, program) = (try bench.device, bench.plugAndPlay)
            try await program.suspend(device)
            try check(!device.idleReport.isInD0, "in D0")
            try await program.wake(device)
            try check(device.idleReport.isInD0, "not in D0")
            await plug.unplug()
            await file.close()
        }
    }

    @Test("DEV-3, WAKE-1: the driver may say all there is to say about its sleep, and again")
    func settings() throws {
        try onBench(Self.script) { bench in
            let (plug, _, file) = try await bench.open()
            let (driver, device) = (try bench.driver, try bench.device)
            var settings = IdleSettings()
            settings.isEnabled = true
            settings.state = .d1
            settings.timeout = .seconds(20)
            try driver.setIdle(settings)
            try same(device.idleReport.settings.state, .d1, "state")
            try same(device.idleReport.settings.timeout, .seconds(20), "time-out")
            settings.state = .d0
            try same(await code { try driver.setIdle(settings) }, .invalidRequest, "D0")
            try same(device.idleReport.settings.state, .d1, "state afterwards")
            await plug.unplug()
            await file.close()
        }
    }
}

private actor Over: FilterDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let level: DeviceLevel
    init(level: DeviceLevel) async throws(DeviceError) { self.level = level }
    func enterD0(from previous: PowerState) async throws(DeviceError) { device.tell("upper up") }
    func exitD0(to next: PowerState) async throws(DeviceError) { device.tell("upper down") }
}

private actor Under: FilterDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let level: DeviceLevel
    init(level: DeviceLevel) async throws(DeviceError) { self.level = level }
    func enterD0(from previous: PowerState) async throws(DeviceError) { device.tell("lower up") }
    func exitD0(to next: PowerState) async throws(DeviceError) { device.tell("lower down") }
}
