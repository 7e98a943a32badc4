import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// Interrupt sources: §1.12, and their place in PNP-1 and PNP-2.
@Suite struct InterruptTests {
    typealias Source = InterruptSource<[UInt8]>

    /// A driver with one source of endpoint 0x83. Its ISR takes messages that begin with a number
    /// below 100 for its own; 99 needs no DPC.
    private static func script(
        in callback: DriverCallback = .deviceAdd, on endpoints: [EndpointAddress] = [0x83],
        enable: InterruptCallback<ScriptedDriver>? = nil,
        disable: InterruptCallback<ScriptedDriver>? = nil,
        dpc: @escaping @Sendable (isolated ScriptedDriver, [[UInt8]]) async -> Void = {
            $0.received += $1
        }
    ) -> Script {
        Script([
            callback: { driver throws(DeviceError) in
                let source = try driver.device.interruptSource(
                    "button", on: endpoints, for: driver, enable: enable, disable: disable,
                    isr: { message, bytes in
                        let first = bytes.byte(at: 0) ?? 100
                        if first > 99 { return .notOwn }
                        if first == 99 { return .handled }
                        return .queueDPC([UInt8(message)] + bytes.copy())
                    }, dpc: dpc)
                driver.device.object.addContext { _ in source }
            }
        ])
    }

    private static func source(_ bench: Bench) throws -> Source {
        guard let source = try bench.device.object.context(of: Source.self) else {
            throw Surprise("no source")
        }
        return source
    }

    @Test("I-1, SEED-2: the ISR says what is its own and what to pass on; the DPC gets that")
    func answers() throws {
        try onBench(Self.script()) { bench in
            let (_, gadget, _) = try await bench.open()
            for first in [1, 200, 99, 2] as [UInt8] { await gadget.send([first, 7], on: 0x83) }
            await bench.settle()
            try same(await bench.driver.received, [[0, 1, 7], [0, 2, 7]], "passed on")
            let statistics = try Self.source(bench).statistics
            try same(statistics.messages, 4, "messages")
            try same(statistics.notOwn, 1, "not its own")
        }
    }

    @Test(
        "I-1, L-5, SEED-18: a DPC asked for while queued or running is called once, with all values"
    )
    func coalesces() throws {
        let script = Self.script(dpc: { driver, values in
            driver.notes.append("\(values.count)")
            driver.received += values
            if values.contains([0, 0]) { await driver.valve.pass() }
        })
        try onBench(seeds: 0..<32, script) { bench in
            let (_, gadget, _) = try await bench.open()
            await gadget.send([0], on: 0x83)
            await bench.settle()
            for number in 1..<20 as Range<UInt8> { await gadget.send([number], on: 0x83) }
            await bench.settle()
            let driver = try bench.driver
            try same(await driver.received, [[0, 0]], "before the DPC went on")
            bench.valve.open()
            await bench.settle()
            try same(await driver.received, (0..<20).map { [0, $0] }, "in order, none lost")
            try same(await Array(driver.notes.suffix(2)), ["1", "19"], "calls")
            try same(try Self.source(bench).statistics.coalesced, 18, "coalesced")
        }
    }

    @Test("I-1: a source whose DPC does not keep up stops reading, and goes on when it does")
    func backlog() throws {
        let script = Self.script(dpc: { driver, values in
            driver.received += values
            driver.owned += 1
            if driver.owned == 1 { await driver.valve.pass() }
        })
        try onBench(seeds: 0..<8, script) { bench in
            let (_, gadget, _) = try await bench.open()
            let count = Source.backlogLimit * 3
            let sender = bench.client { () -> Int in
                for number in 0..<count {
                    await gadget.send([UInt8(number % 90)], on: 0x83)
                }
                return count
            }
            await bench.clock.wait(for: .seconds(2))
            try check(!(try Self.source(bench)).isEnabled, "it reads on")
            bench.valve.open()
            try same(try await sender.value.get(), count, "sent")
            await bench.settle()
            try same(
                await bench.driver.received, (0..<count).map { [0, UInt8($0 % 90)] }, "none lost")
        }
    }

    @Test("I-1, I-3: several endpoints are numbered messages of one source")
    func messages() throws {
        try onBench(Self.script(on: [0x84, 0x83]), device: TwoButtons.self) { bench, buttons in
            await bench.journal.wait(for: .started)
            await buttons.port.send([5], on: 0x83)
            await bench.settle()
            await buttons.port.send([6], on: 0x84)
            await bench.settle()
            try same(await bench.driver.received, [[1, 5], [0, 6]], "messages")
        }
    }

    @Test("I-1, I-2: ISR and DPC run in the driver's scope: neither meets the other half done")
    func scope() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                let scope = driver.device.scope
                try driver.device.interruptSource(
                    on: [0x83], for: driver,
                    isr: { _, _ in .queueDPC(scope.isCurrent) },
                    dpc: { driver, inScope in
                        driver.notes.append("\(inScope) \(driver.device.scope.isCurrent)")
                    })
            }
        ])
        try onBench(script) { bench in
            let (_, gadget, _) = try await bench.open()
            await gadget.send([1], on: 0x83)
            await bench.settle()
            try same(await bench.driver.notes.last, "[true] true", "scopes")
            let seen = await (try bench.device).synchronize { bench.simulation.loop.currentScope }
            try check(seen??.name == (try bench.device.scope.name), "synchronize is elsewhere")
        }
    }

    @Test("I-1, PNP-1, PNP-2: enabled after enterD0, disabled before exitD0, sources in reverse")
    func order() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in try driver.twoSources() },
            .enterD0: { $0.notes.append("enterD0") },
            .exitD0: { $0.notes.append("exitD0") },
        ])
        try onBench(script, device: TwoButtons.self) { bench, buttons in
            await bench.journal.wait(for: .started)
            let driver = try bench.driver
            try await (try bench.device).remove()
            try same(
                await driver.notes.filter { !$0.contains("(") },
                ["enterD0", "enable 1", "enable 2", "disable 2", "disable 1", "exitD0"], "order")
            try same(bench.journal.errors, [], "errors")
        }
    }

    @Test("I-1, PNP-14: an enable that throws undoes those before it, and its device's start")
    func enableFails() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in try driver.twoSources(failing: 2) },
            .exitD0: { $0.notes.append("exitD0") },
        ])
        try onBench(script, device: TwoButtons.self) { bench, _ in
            await bench.journal.wait(for: .startFailed)
            await bench.settle()
            let notes = await (try bench.driver).notes.filter { !$0.contains("(") }
            try same(
                Array(notes.prefix(3)), ["enable 1", "enable 2", "disable 1"], "order")
        }
    }

    @Test("I-1: an endpoint that is not there, or is no interrupt-IN endpoint, fails the start")
    func wrongEndpoint() throws {
        for endpoint in [0x82, 0x01, 0x8F] as [EndpointAddress] {
            try onBench(seeds: 0..<4, Self.script(on: [endpoint])) { bench in
                _ = try await bench.plug()
                await bench.journal.wait(for: .startFailed)
            }
        }
    }

    @Test("I-1, DEV-1, VF-9: a source of prepareHardware goes with it; made elsewhere it traps")
    func places() async throws {
        try onBench(Self.script(in: .prepareHardware)) { bench in
            let (_, gadget, file) = try await bench.open()
            await gadget.send([1], on: 0x83)
            await bench.settle()
            try same(await bench.driver.received, [[0, 1]], "received")
            let device = try bench.device
            await file.close()
            await device.removeWithoutQuery()
            try same(device.state.value.parts.interrupts.count, 0, "sources left")
        }
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            try onBench(seeds: 0..<1, Self.script(in: .enterD0)) { _ = try await $0.open() }
        }
        let error = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(error.contains("I-1"))
    }

    @Test("I-3: a source reported inactive does not read, in D0; active again it does")
    func inactive() throws {
        try onBench(seeds: 0..<32, Self.script()) { bench in
            let (_, gadget, _) = try await bench.open()
            let source = try Self.source(bench)
            await source.report(isActive: false)
            try check(!source.isEnabled, "it reads")
            let sender = bench.client { await gadget.send([1], on: 0x83) }
            await bench.clock.wait(for: .seconds(1))
            try same(await bench.driver.received, [], "received when inactive")
            // Whoever comes last is right, however the calls overlap.
            let first = bench.client { await source.report(isActive: true) }
            let second = bench.client { await source.report(isActive: true) }
            _ = await (first.value, second.value, sender.value)
            await bench.settle()
            try same(await bench.driver.received, [[0, 1]], "received")
        }
    }

    @Test("I-4: a wake message is kept until the device is in D0, and asks for power")
    func wake() throws {
        let script = Script([
            .prepareHardware: { driver throws(DeviceError) in
                let source = driver.device.object.context(of: Source.self)
                driver.device.state.value.parts.wakeSignalled = { [valve = driver.valve] in
                    valve.open()
                }
                source?.signalWake([3])
                driver.notes.append("asked: \(driver.received.count)")
            }
        ])
        let whole = Script(Self.script().steps.merging(script.steps) { $1 })
        try onBench(whole) { bench in
            _ = try await bench.open()
            await bench.valve.pass()
            await bench.settle()
            let driver = try bench.driver
            try check(await driver.notes.contains("asked: 0"), "told too early")
            try same(await driver.received, [[0, 3]], "received")
        }
    }

    @Test("I-5: a DPC may wait; messages go on arriving meanwhile, and none is lost")
    func passive() throws {
        let script = Self.script(dpc: { driver, values in
            await driver.device.clock.wait(for: .seconds(1))
            driver.received += values
        })
        try onBench(script) { bench in
            let (_, gadget, _) = try await bench.open()
            for number in 1...5 as ClosedRange<UInt8> {
                await gadget.send([number], on: 0x83)
            }
            await bench.clock.wait(for: .seconds(3))
            try same(await bench.driver.received, (1...5).map { [0, $0] }, "received")
        }
    }

    @Test(
        "I-1: unplugged in whatever way while messages come, it ends",
        arguments: UnplugKind.allCases)
    func unplug(kind: UnplugKind) throws {
        let script = Self.script(dpc: { driver, values in
            await driver.device.clock.wait(for: .microseconds(30))
            driver.received += values
        })
        try onBench(seeds: 0..<32, script) { bench in
            let (plug, gadget) = try await bench.plug()
            await bench.journal.wait(for: .started)
            for number in 1...3 as ClosedRange<UInt8> { await gadget.send([number], on: 0x83) }
            await plug.unplug(pending: kind)
            await bench.journal.wait(for: .disposed)
            await bench.settle()
            try same(bench.journal.errors, [], "errors")
        }
    }
}

extension ScriptedDriver {
    fileprivate func twoSources(failing: Int = 0) throws(DeviceError) {
        for (number, endpoint) in [(1, 0x83), (2, 0x84)] as [(Int, EndpointAddress)] {
            try device.interruptSource(
                "\(number)", on: [endpoint], for: self,
                enable: { driver throws(DeviceError) in
                    driver.notes.append("enable \(number)")
                    if number == failing { throw DeviceError(.failed) }
                },
                disable: { $0.notes.append("disable \(number)") },
                isr: { _, _ -> InterruptAnswer<Int> in .handled }, dpc: { _, _ in })
        }
    }
}

/// A device with two interrupt-IN endpoints.
actor TwoButtons: VirtualDevice {
    nonisolated let port: DevicePort
    init(port: DevicePort) { self.port = port }

    nonisolated var description: DeviceDescription {
        DeviceDescription(vendor: 0x1209, product: 0x0001, name: "Two buttons") {
            Interface(.vendorSpecific) {
                Endpoint.interruptIn(0x83, maxPacketSize: 8, every: .milliseconds(1))
                Endpoint.interruptIn(0x84, maxPacketSize: 8, every: .milliseconds(1))
            }
        }
    }
}

/// Runs `body` with a bench of its own for each seed, with two buttons plugged in.
private func onBench(
    _ script: Script, device: TwoButtons.Type,
    _ body: @escaping @Sendable (Bench, TwoButtons) async throws -> Void
) throws {
    try onBench(script) { bench in
        let made = LoopConfined<TwoButtons?>(on: bench.simulation.loop, nil)
        _ = try await bench.bus.plug { port in
            let buttons = TwoButtons(port: port)
            made.value = buttons
            return buttons
        }
        guard let buttons = made.value else { throw Surprise("no device was made") }
        try await body(bench, buttons)
    }
}
