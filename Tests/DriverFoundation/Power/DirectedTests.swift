import Testing
import VirtualUSB

@testable import DriverFoundation

/// Devices that are sent down by command (WAKE-9), with all that can come meanwhile.
@Suite struct DirectedTests {
    @Test(
        "WAKE-9, WAKE-7: a device that the bus does not suspend stays in D0, and idles on",
        arguments: [false, true])
    func refused(isNeeded: Bool) throws {
        try onBench(IdleTests.script(wakes: true, suspends: true)) { bench in
            _ = try await bench.bus.plug { Deaf(port: $0) }
            await bench.journal.wait(for: .started)
            let device = try bench.device
            let reference = isNeeded ? device.stopIdling(for: "a test") : nil
            try same(await code { try await device.suspendNow() }, .invalidDeviceState, "command")
            try check(device.idleReport.isInD0, "not in D0")
            try same(device.state.value.lifecycle.policy.state, .d0, "policy")
            reference?.end()
            await bench.clock.wait(for: .seconds(3))
            try check(bench.journal.has(.idleTimeout), "it idles no more")
        }
    }

    @Test("WAKE-9, WAKE-3: whoever asks brings the device back, also beside one who needed it")
    func askedFor() throws {
        for idles in [false, true] {
            try onBench(idles ? IdleTests.script() : Script()) { bench in
                _ = try await bench.plug()
                await bench.journal.wait(for: .started)
                let device = try bench.device
                let reference = device.stopIdling(for: "one who had it")
                try await device.suspendNow()
                await bench.clock.wait(for: .seconds(10))
                try check(!device.idleReport.isInD0, "it came back by itself")
                try await device.withD0 { () throws(DeviceError) in
                    try? check(device.idleReport.isInD0, "not in D0")
                }
                try check(device.idleReport.isInD0, "not in D0")
                reference.end()
            }
        }
    }

    @Test("WAKE-9: whoever asks while the device goes down brings it back once")
    func askedForOnTheWay() throws {
        let script = IdleTests.script([.exitD0: { await $0.valve.pass() }])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            let held = device.stopIdling(for: "one who had it")
            let command = bench.client { try await device.suspendNow() }
            await bench.journal.wait(for: .began(.exitD0))
            // More than a machine keeps of events.
            let askers = (0..<100).map { _ in
                bench.client { try await device.withD0 { () throws(DeviceError) in } }
            }
            await bench.settle()
            bench.valve.open()
            for asker in askers { try await asker.value.get() }
            _ = await command.value
            try check(device.idleReport.isInD0, "not in D0")
            try same(
                bench.journal.steps().filter { $0 == .began(.enterD0) }.count, 2, "ways up")
            held.end()
        }
    }

    @Test("WAKE-9, PNP-6: a device that was sent down while it was needed can be removed")
    func removed() throws {
        try onBench(IdleTests.script()) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            let reference = device.stopIdling(for: "one who had it")
            try await device.suspendNow()
            try await device.remove()
            reference.end()
            try bench.journal.expect(
                [
                    StartTests.pnp1, "told to suspend", SystemSleepTests.down, "queryRemove",
                    IdleTests.up, RemovalTests.goingDown,
                ].joined(separator: "\n"))
        }
    }

    @Test("WAKE-9, PNP-6: while a removal is granted and pending, the device is not sent down")
    func pending() throws {
        try onBench { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            device.post(PnPMachine.Event.queryRemove)
            await bench.journal.wait(for: .returned(.queryRemove))
            await bench.settle()
            try same(await code { try await device.suspendNow() }, .invalidDeviceState, "command")
            device.post(PnPMachine.Event.cancelRemove)
            try await device.suspendNow()
            try check(!device.idleReport.isInD0, "in D0")
        }
    }

    @Test("WAKE-9, WAKE-1: what is settled of a device that was sent down holds when it is back")
    func settings() throws {
        try onBench { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            try await device.suspendNow()
            device.idle(after: .seconds(2))
            await bench.clock.wait(for: .seconds(10))
            try check(!device.idleReport.isInD0, "it came back by itself")
            try await device.wakeNow()
            await bench.clock.wait(for: .milliseconds(1900))
            try check(device.idleReport.isInD0, "it idles too early")
            await bench.clock.wait(for: .milliseconds(200))
            try check(!device.idleReport.isInD0, "it does not idle")
        }
    }

    @Test("WAKE-9, PNP-5: asked for while the system sleeps, the device comes back with it")
    func asleep() throws {
        try onBench { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            try await device.suspendNow()
            await bench.plugAndPlay.system(.falling)
            let asker = bench.client { try await device.withD0 { () throws(DeviceError) in } }
            await bench.settle()
            try check(!device.idleReport.isInD0, "it came back before the system")
            await bench.plugAndPlay.system(.awake)
            try await asker.value.get()
            try check(device.idleReport.isInD0, "not in D0")
        }
    }
}

/// The gadget, which cannot wake its host.
private actor Deaf: VirtualDevice {
    nonisolated let port: DevicePort
    init(port: DevicePort) { self.port = port }
    nonisolated var description: DeviceDescription {
        DeviceDescription(vendor: 0x1209, product: 0x0001, name: "Deaf gadget") {
            Interface(.vendorSpecific) { Endpoint.bulkOut(0x01) }
        }
    }
}
