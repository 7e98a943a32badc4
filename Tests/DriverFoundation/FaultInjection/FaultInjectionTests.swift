import DriverSimulation
import Logging
import Testing
import VirtualUSB

@testable import DriverFoundation

/// Each call that the framework makes, and each callback of the driver, fails in turn: whatever it
/// is, the device ends as it should, every request ends, and nothing is left.
@Suite struct FaultInjectionTests {
    /// How the device's life ends.
    enum Ending: CaseIterable, Sendable { case removal, unplug, endOfProgram }

    @Test(
        "VF-64: whichever call to the bus fails, a device's life ends in order",
        arguments: Ending.allCases)
    func calls(ending: Ending) throws {
        var count = 0
        var failing = 0
        repeat {
            failing += 1
            for code in [BusError.Code.failed, .deviceGone, .outOfMemory] {
                let plan = FailingBus.Plan(failing: failing, code: code)
                let calls = try life(Script(Self.steps), plan, ending)
                count = max(count, calls.count)
            }
        } while failing <= count
        // Every kind of call was among them.
        let names = Set(try life(Script(Self.steps), FailingBus.Plan(), ending))
        let wanted = [
            "open", "claim", "setAlternateSetting", "clearHalt", "makeTransfer", "submit to",
        ]
        for call in wanted { #expect(names.contains { $0.hasPrefix(call) }, "no \(call)") }
        print("fault injection: \(count) calls, each failed in turn, \(ending)")
    }

    @Test(
        "VF-64: whichever callback fails, a device's life ends in order", arguments: Ending.allCases
    )
    func callbacks(ending: Ending) throws {
        for callback in DriverCallback.allCases {
            let step = Self.steps[callback]
            let before = Script([
                callback: { _ throws(DeviceError) in throw DeviceError(.failed, "as planned") }
            ])
            let after = Script([
                callback: { driver throws(DeviceError) in
                    try await step?(driver)
                    throw DeviceError(.failed, "as planned")
                }
            ])
            for failing in [before, after] {
                let script = Script(Self.steps.merging(failing.steps) { $1 })
                _ = try life(script, FailingBus.Plan(), ending)
            }
        }
    }

    // MARK: A device's life

    /// A driver that uses what there is to be used.
    private static let steps: [DriverCallback: Script.Step] = [
        .deviceAdd: { driver in
            driver.queues = [driver.device.queue(.manual)]
            driver.device.queue(
                .parallel(limit: 3), for: driver, read: { await $0.read($1) },
                write: { await $0.write($1) }, deviceControl: { await $0.control($1) })
        },
        .prepareHardware: { driver throws(DeviceError) in
            try await driver.device.selectAlternateSetting(1, of: 0)
            try await driver.device.selectAlternateSetting(0, of: 0)
            driver.output = try await driver.device.pipe(0x01)
            driver.input = try await driver.device.pipe(0x82)
            driver.reader = try driver.input?.continuousReader(for: driver) { driver, bytes in
                driver.received.append(bytes.copy())
            }
        },
        .enterD0: { $0.reader?.start() },
        .exitD0: { await $0.reader?.stop() },
    ]

    /// Runs it under a few seeds, and returns what the bus was asked.
    private func life(
        _ script: Script, _ plan: FailingBus.Plan, _ ending: Ending
    ) throws -> [String] {
        var calls: [String] = []
        for seed in 0..<2 as Range<UInt64> {
            calls = try Simulation.run(seed: seed) { simulation in
                try await live(simulation, script, plan, ending)
            }.value
        }
        return calls
    }

    private func live(
        _ simulation: Simulation, _ script: Script, _ plan: FailingBus.Plan, _ ending: Ending
    ) async throws -> [String] {
        let journal = Journal(on: simulation.loop)
        let virtual = VirtualBus(on: simulation.loop)
        let bus = FailingBus(virtual, plan)
        var options = PlugAndPlay.Options()
        options.restartsFailedDevices = false
        // One life at a time.
        options.restartsFailedDevices = false
        options.observer = { journal.note($1, of: $0) }
        options.logger = Logger(label: "fault") { _ in JournalLogHandler(journal: journal) }
        Script.register(script, Valve(on: simulation.loop), for: simulation.loop)
        defer { Script.forget(simulation.loop) }
        let plugAndPlay = PlugAndPlay(on: bus, drivers: [ScriptedDriver.self], options: options)
        try await plugAndPlay.start()
        let faults = FaultPlan([FaultRule(0x82, transfer: 2, .stall)])
        let gadgets = LoopConfined<Gadget?>(on: simulation.loop, nil)
        let plug = try await virtual.plug(faults: faults) { port in
            let gadget = Gadget(port: port)
            gadgets.value = gadget
            return gadget
        }
        let gadget = try #require(gadgets.value)
        await simulation.clock.wait(for: .seconds(1))

        // Whatever becomes of them, they end.
        if journal.has(.interfacesEnabled) {
            let file = try await plugAndPlay.interfaces.open(.gadget)
            async let waiting = code { try await file.control(3) }
            _ = await code { try await file.write([1, 2, 3]) }
            async let sent = gadget.send([1])
            async let alsoSent = gadget.send([2])
            await simulation.clock.wait(for: .seconds(1))
            _ = await code { try await file.control(1) }
            _ = await code { try await file.control(2) }
            if ending == .removal, let device = journal.device { try? await device.remove() }
            if ending == .unplug { await plug.unplug() }
            await file.close()
            await plug.unplug()
            _ = await (sent, alsoSent)
            try check(await waiting != nil, "what nobody completes has succeeded")
        } else if ending == .removal, let device = journal.device {
            try? await device.remove()
        }
        await plug.unplug()
        await simulation.clock.wait(for: .seconds(1))
        await plugAndPlay.stop()
        try same(bus.openDevices, 0, "devices left open")
        try balance(journal.steps())
        return bus.calls
    }

    /// Every callback that began has ended, and has its pair; the end is the end.
    private func balance(_ steps: [LifecycleStep]) throws {
        func count(_ isWanted: (LifecycleStep) -> Bool) -> Int { steps.count(where: isWanted) }
        for callback in DriverCallback.allCases {
            let ended = count {
                switch $0 {
                case .returned(callback), .threw(callback, _): true
                default: false
                }
            }
            try same(ended, count { $0 == .began(callback) }, "ends of \(callback)")
        }
        try same(
            count { $0 == .began(.releaseHardware) }, count { $0 == .began(.prepareHardware) },
            "releaseHardware for prepareHardware")
        try same(
            count { $0 == .began(.exitD0) }, count { $0 == .returned(.enterD0) },
            "exitD0 for enterD0")
        try same(
            count { $0 == .hardwareClosed }, count { $0 == .hardwareAcquired }, "closed hardware")
        try same(
            count { $0 == .interfacesDisabled }, count { $0 == .interfacesEnabled },
            "disabled interfaces")
        try same(count { $0 == .queuesHeld }, count { $0 == .queuesStarted }, "queues held")
        try same(count { $0 == .disposed }, 1, "disposed")
        try same(steps.last, .disposed, "the last")
    }
}

extension ScriptedDriver {
    fileprivate func write(_ request: consuming Request) async {
        guard let output else { return request.fail(.removed) }
        do throws(DeviceError) {
            request.complete(try await output.write(request.input, for: request))
        } catch { request.fail(error) }
    }

    fileprivate func read(_ request: consuming Request) async { request.fail(.invalidRequest) }

    /// 1 asks the device, 2 resets a pipe, 3 waits.
    fileprivate func control(_ request: consuming Request) async {
        do throws(DeviceError) {
            switch request.code {
            case 1:
                let setup = SetupPacket(
                    requestType: 0xC0, request: 1, value: 9, index: 0, length: 1)
                let bytes = try await device.controlRead(setup)
                request.complete(bytes.count)
            case 2:
                try await output?.reset()
                request.complete()
            default: request.forward(to: queues[0])
            }
        } catch { request.fail(error) }
    }
}
