import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// What devices offer to programs and to each other.
@Suite struct InterfaceTests {
    @Test(
        "DI-1: interfaces are enabled when the device has reached D0, and disabled at its removal")
    func enabled() throws {
        let script = Script([
            .enterD0: { await $0.valve.pass() }, .exitD0: { await $0.valve.pass() },
        ])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .began(.enterD0))
            try same(bench.interfaces.all(of: .gadget).count, 0, "before D0")
            bench.valve.open()
            await bench.journal.wait(for: .started)
            try same(bench.interfaces.all(of: .gadget).count, 1, "started")
            let device = try bench.device
            try await device.remove()
            try same(bench.interfaces.all(of: .gadget).count, 0, "removed")
        }
    }

    @Test("DI-1: a start that fails never enables them")
    func failedStart() throws {
        let script = Script([.enterD0: { _ throws(DeviceError) in throw DeviceError(.failed) }])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .startFailed)
            await bench.settle()
            try same(bench.interfaces.all(of: .gadget).count, 0, "enabled")
        }
    }

    @Test("DI-1: references tell the interfaces of one class apart, and opens bring them along")
    func references() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.register(.gadget, reference: "left")
                driver.device.register(.gadget, reference: "right")
                driver.device.files(
                    for: driver,
                    create: { driver, file throws(DeviceError) in
                        driver.notes.append("open \(file.reference)")
                    })
            }
        ])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let interfaces = bench.interfaces.all(of: .gadget)
            try same(interfaces.map(\.reference), ["", "left", "right"], "references")
            for interface in interfaces.reversed() { await (try await interface.open()).close() }
            try same(
                await bench.driver.notes.filter { $0.hasPrefix("open") },
                ["open right", "open left", "open "], "opens")
        }
    }

    @Test("DI-1, F-5: interfaces stay enabled, and open, while the device is stopped for a while")
    func stopped() throws {
        let script = Script([.releaseHardware: { await $0.valve.pass() }])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let id = try bench.interface.id
            let device = try bench.device
            device.post(PnPMachine.Event.queryStop)
            await bench.journal.wait(for: .returned(.queryStop))
            await bench.settle()
            device.post(PnPMachine.Event.stop)
            await bench.journal.wait(for: .began(.releaseHardware))
            await (try await bench.interface.open()).close()
            bench.valve.open()
            await bench.journal.wait(for: .stopped)
            await (try await bench.interface.open()).close()
            device.post(PnPMachine.Event.start)
            await bench.journal.next(.started)
            try same(try bench.interface.id, id, "the interface")
            let offers = bench.journal.steps().filter { $0 == .interfacesEnabled }
            try same(offers.count, 1, "offers")
        }
    }

    @Test("DI-1: two interfaces that nothing tells apart are the driver's mistake")
    func twice() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            let script = Script([.deviceAdd: { $0.device.register(.gadget) }])
            try onBench(seeds: 0..<1, script) { bench in
                _ = try await bench.plug()
                await bench.settle()
            }
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("DI-1:"))
    }

    @Test("DI-2: a delayed interface is enabled by its driver, and a disabled one stays disabled")
    func state() throws {
        let registered = PerDevice<InterfaceRegistration>()
        let script = Script([
            .deviceAdd: { driver in
                registered[driver.device] = driver.device.register(
                    .gadget, reference: "late", isDelayed: true)
            }
        ])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            guard let late = try registered[bench.device] else { throw Surprise("nothing") }
            try same(bench.references, [""], "delayed")
            late.enable()
            late.enable()
            try same(bench.references, ["", "late"], "enabled")
            let file = try await bench.interfaces.all(of: .gadget)[1].open()
            late.disable()
            try same(bench.references, [""], "disabled")
            // Who has it open keeps it.
            try same(await code { try await file.control(1) }, .invalidRequest, "no handler")
            late.enable()
            let device = try bench.device
            try await device.remove()
            try same(bench.references, [], "removed")
            late.enable()
            try same(bench.references, [], "after the removal")
            registered[device] = nil
        }
    }

    @Test("DI-2: what the driver chooses before the start holds after it")
    func choiceBeforeStart() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.register(.gadget, reference: "off").disable()
                driver.device.register(.gadget, reference: "on", isDelayed: true).enable()
            }
        ])
        try onBench(seeds: 0..<4, script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .began(.prepareHardware))
            try same(bench.references, [], "before the start")
            await bench.journal.wait(for: .started)
            try same(bench.references, ["", "on"], "after the start")
        }
    }

    @Test("DI-3: a symbolic name opens the device, and is free again after its removal")
    func names() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in try driver.device.link("gadget0") }
        ])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            let file = try await bench.interfaces.open(named: "gadget0", path: "x")
            try same(device.state.value.files.first?.path, "x", "path")
            await file.close()
            try same(
                await code { try await bench.interfaces.open(named: "gadget1") }, .notFound,
                "another")
            // DI-3: a collision fails the second device's creation.
            _ = try await bench.plug()
            await bench.journal.wait(for: .threw(.deviceAdd, Self.collision))
            try await device.remove()
            try same(
                await code { try await bench.interfaces.open(named: "gadget0") }, .notFound,
                "after the removal")
            _ = try await bench.plug()
            await bench.journal.next(.started)
            await (try await bench.interfaces.open(named: "gadget0")).close()
        }
    }

    private static let collision = DeviceError(
        .nameCollision, "Another device is called \"gadget0\" already (DI-3).")

    @Test("DI-3, F-5: a symbolic name opens nothing before its device has started")
    func nameBeforeStart() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in try driver.device.link("gadget0") },
            .prepareHardware: { await $0.valve.pass() },
        ])
        try onBench(seeds: 0..<4, script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .began(.prepareHardware))
            try same(
                await code { try await bench.interfaces.open(named: "gadget0") }, .removed, "early")
            bench.valve.open()
            await bench.journal.wait(for: .started)
            await (try await bench.interfaces.open(named: "gadget0")).close()
        }
    }

    @Test("DI-4: programs are told of interfaces that are there, arrive and go, in order")
    func changes() throws {
        try onBench { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let changes = bench.interfaces.changes()
            let (plug, _) = try await bench.plug()
            await bench.journal.next(.started)
            await plug.unplug()
            await bench.journal.wait(for: .disposed)
            var told: [String] = []
            for await change in changes {
                switch change {
                case .arrived(let interface): told.append("arrived \(interface.id)")
                case .removed(let id): told.append("removed \(id)")
                }
                if told.count == 3 { break }
            }
            let ids = told.map { $0.split(separator: " ")[1] }
            try same(told.map { $0.prefix(3) }, ["arr", "arr", "rem"], "kinds")
            try check(ids[0] != ids[1] && ids[1] == ids[2], "\(told)")
        }
    }

    @Test("DI-4: a driver is told of other devices' interfaces, until its own device goes")
    func watch() throws {
        try onHolderBench { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let holder = try await bench.plugHolder()
            await holder.watchGadgets()
            await bench.settle()
            try same(await holder.notes, ["arrived "], "at first")
            let (plug, _) = try await bench.plug()
            await bench.settle()
            await plug.unplug()
            await bench.settle()
            let notes = ["arrived ", "arrived ", "removed "]
            try same(await holder.notes, notes, "then")
            try await holder.device.remove()
            _ = try await bench.plug()
            await bench.settle()
            try same(await holder.notes, notes, "after the holder's removal")
        }
    }

    @Test("DI-4, T-2, T-6: a driver that opens what arrives and closes what goes (toastmon)")
    func monitor() throws {
        try onHolderBench(seeds: 0..<24, Below.script) { bench in
            let holder = try await bench.plugHolder()
            await holder.monitorGadgets()
            for round in 1...3 {
                let (plug, _) = try await bench.plug()
                await bench.settle()
                let target = await holder.targets[round - 1]
                try same(target.state, .started, "state")
                if round == 2 {
                    try await bench.gadgetDevice.remove()
                } else {
                    await plug.unplug()
                }
                await bench.settle()
                try same(target.state, .closed, "state")
            }
            try same(bench.journal.errors, [], "errors")
        }
    }

    @Test("DI-5: what a driver says about an interface is there for programs that look for one")
    func properties() throws {
        let registered = PerDevice<InterfaceRegistration>()
        let script = Script([
            .deviceAdd: { driver in
                registered[driver.device] = driver.device.register(
                    .gadget, reference: "slots", properties: ["count": "2"])
            }
        ])
        try onBench(seeds: 0..<4, script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let before = bench.interfaces.all(of: .gadget)
            try same(before.map(\.properties), [[:], ["count": "2"]], "before")
            try registered[bench.device]?.properties["count"] = "4"
            let after = bench.interfaces.all(of: .gadget)
            try same(after.map(\.properties), [[:], ["count": "4"]], "after")
            try same(after.map(\.id), before.map(\.id), "identity")
            registered[try bench.device] = nil
        }
    }
}

extension Bench {
    fileprivate var references: [String] { interfaces.all(of: .gadget).map(\.reference) }
}

extension Holder {
    /// Opens whatever gadget arrives, each with a target of its own.
    fileprivate func monitorGadgets() {
        device.watch(.gadget, for: self) { holder, interface in
            let target = holder.makeTarget()
            do throws(DeviceError) { try await target.open(interface) } catch {
                holder.note("refused: \(error.code)")
            }
        }
    }
}

/// One value for each device, of whichever simulation.
private final class PerDevice<Value: Sendable>: @unchecked Sendable {
    // Sendable because `values` is guarded by `lock`.
    private let lock = Lock()
    private var values: [ObjectIdentifier: Value] = [:]

    subscript(device: Device) -> Value? {
        get { lock.withLock { values[ObjectIdentifier(device)] } }
        set { lock.withLock { values[ObjectIdentifier(device)] = newValue } }
    }
}
