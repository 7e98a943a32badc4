import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// The way out to the bus's own device.
@Suite struct LendingTests {
    @Test("CX-3: from PrepareHardware to ReleaseHardware a driver reaches what its bus works with")
    func lent() throws {
        let look: Script.Step = { driver in driver.notes.append(driver.nameOfLent()) }
        let script = Script([
            .deviceAdd: look, .prepareHardware: look, .initializeSelfManagedIO: look,
            .releaseHardware: look, .cleanUpSelfManagedIO: look,
        ])
        try onLendingBus(script) { virtual, journal in
            _ = try await virtual.plug { Gadget(port: $0) }
            await journal.wait(for: .started)
            guard let device = journal.device, let driver = try? device.scripted else {
                throw Surprise("no device")
            }
            try await device.remove()
            try same(
                await driver.notes.filter { !$0.contains("D0") },
                ["removed", "a test 4096", "a test 4096", "a test 4096", "removed"], "what was lent"
            )
        }
    }

    @Test("CX-3: after the departure nothing is lent, though the hardware is not released yet")
    func gone() throws {
        let script = Script([
            .surpriseRemoval: { driver in driver.notes.append(driver.nameOfLent()) },
            .exitD0: { driver in driver.notes.append(driver.nameOfLent()) },
        ])
        try onLendingBus(script) { virtual, journal in
            let plug = try await virtual.plug { Gadget(port: $0) }
            await journal.wait(for: .started)
            guard let driver = try journal.device?.scripted else { throw Surprise("no device") }
            await plug.unplug()
            await journal.wait(for: .disposed)
            try same(
                await driver.notes.filter { !$0.contains("D0") }, ["removed", "removed"],
                "what was lent")
        }
    }

    @Test("CX-3: what the driver throws inside comes out")
    func failure() throws {
        let script = Script([
            .prepareHardware: { driver throws(DeviceError) in
                let found = await code { try driver.device.fail(with: .tryAgain) }
                driver.failures.append(found ?? .failed)
            }
        ])
        try onLendingBus(script) { virtual, journal in
            _ = try await virtual.plug { Gadget(port: $0) }
            await journal.wait(for: .started)
            guard let driver = try journal.device?.scripted else { throw Surprise("no device") }
            try same(await driver.failures, [.tryAgain], "error")
        }
    }

    @Test("CX-3: a bus that has nothing beyond its port says so, and a device without hardware too")
    func nothing() throws {
        try onBench(seeds: 0..<2, drivers: [ScriptedDriver.self, Toy.self]) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            try same(await bench.driver.nameOfLent(), "invalid request", "a virtual device")
            let bus = try await bench.toyBus()
            await bus.run { $0.settle = { $0.driver = ScriptedDriver.self } }
            let toy = try await bench.toy(1, in: bus)
            try same(await toy.scripted.nameOfLent(), "removed", "a child of software")
        }
    }
}

/// Runs `body` with Plug and Play over a virtual bus that lends something of each device.
private func onLendingBus(
    _ script: Script, _ body: @escaping @Sendable (VirtualBus, Journal) async throws -> Void
) throws {
    try Simulation.seeds(0..<4) { simulation in
        let journal = Journal(on: simulation.loop)
        let virtual = VirtualBus(on: simulation.loop)
        Script.register(script, Valve(on: simulation.loop), for: simulation.loop)
        var options = PlugAndPlay.Options()
        options.observer = { journal.note($1, of: $0) }
        let plugAndPlay = PlugAndPlay(
            on: RefusingBus(virtual), drivers: [ScriptedDriver.self], options: options)
        try await plugAndPlay.start()
        try await body(virtual, journal)
        await plugAndPlay.stop()
        Script.forget(simulation.loop)
    }
}

extension Device {
    fileprivate var scripted: ScriptedDriver {
        get throws {
            guard let driver = state.value.driver as? ScriptedDriver else {
                throw Surprise("the device has no driver")
            }
            return driver
        }
    }

    fileprivate func fail(with code: DeviceError.Code) throws(DeviceError) {
        try withBusDevice { _ throws(DeviceError) in throw DeviceError(code) }
    }
}

extension ScriptedDriver {
    /// The library of what is lent with the object's address, or why nothing is.
    fileprivate func nameOfLent() -> String {
        do throws(DeviceError) {
            return try device.withBusDevice { lent in
                "\(lent.library) \(unsafe UInt(bitPattern: lent.object))"
            }
        } catch { return error.code.description }
    }
}
