import Testing
import VirtualUSB

@testable import DriverFoundation

/// How children go, and how their parents wait for them.
@Suite struct ChildRemovalTests {
    private static let drivers: [any FunctionDriver.Type] = [Toy.self]

    @Test(
        "B-8, CB-9: a started child that goes missing is surprise-removed; its bus is told"
    )
    func missingWhenStarted() throws {
        try onBench(drivers: Self.drivers) { bench in
            let bus = try await bench.toyBus()
            _ = try await bench.toy(1, in: bus)
            await bus.pull(1)
            await bench.journal.wait(for: .disposed, of: "toy 1")
            let steps = bench.journal.story.filter { $0.hasPrefix("toy 1") }
            try check(steps.contains("toy 1: surpriseRemoval …"), "\(steps)")
            try same(await bus.asked.last, "missing 1", "asked last")
            try same(bus.device.children.count, 0, "children")
            try check(await bus.list?.address(of: 1) == nil, "still present")
        }
    }

    @Test("B-8: a child that goes missing without having started is removed without a surprise")
    func missingWithoutStart() throws {
        let script = Script([
            .prepareHardware: { _ throws(DeviceError) in throw DeviceError(.failed) }
        ])
        var options = PlugAndPlay.Options()
        options.restartsFailedDevices = false
        try onBench(script, drivers: [], options: options) { bench in
            let bus = try await bench.toyBus()
            await bus.run { $0.settle = { $0.driver = ScriptedDriver.self } }
            await bus.plug(1)
            await bench.settle()
            await bus.pull(1)
            await bench.journal.wait(for: .disposed, of: "toy 1")
            let steps = bench.journal.story.filter { $0.hasPrefix("toy 1") }
            try check(steps.contains("toy 1: start failed"), "it has started")
            try check(!steps.contains { $0.contains("surpriseRemoval") }, "\(steps)")
        }
    }

    @Test("PNP-6: an orderly removal removes the children first, in an orderly way, and waits")
    func orderlyRemoval() throws {
        try onBench(drivers: Self.drivers) { bench in
            let bus = try await bench.toyBus()
            _ = try await bench.toy(1, in: bus)
            _ = try await bench.toy(2, in: bus)
            try await bus.device.remove()
            let story = bench.journal.story
            let exits = story.filter { $0.hasSuffix("exitD0 …") || $0.hasSuffix("disposed") }
            try same(
                exits.filter { $0.hasPrefix("ToyBus") }, Array(exits.suffix(2)), "the bus is last")
            try same(exits.count, 6, "exits")
            try check(!story.contains { $0.contains("surpriseRemoval") }, "a surprise")
            let asked = story.filter { $0.hasSuffix("queryRemove …") }
            try same(
                asked.sorted(), ["ToyBus", "toy 1", "toy 2"].map { "\($0): queryRemove …" },
                "who was asked")
            try same(asked.last, "ToyBus: queryRemove …", "who was asked last")
        }
    }

    @Test("PNP-6: a child's veto keeps the parent and all other children working")
    func childVetoes() throws {
        let script = Script([.queryRemove: { _ throws(DeviceError) in throw DeviceError(.busy) }])
        try onBench(script, drivers: Self.drivers) { bench in
            let bus = try await bench.toyBus()
            let toy = try await bench.toy(1, in: bus)
            await bus.run { $0.settle = { $0.driver = ScriptedDriver.self } }
            let other = try await bench.toy(2, in: bus)
            try same(await code { try await bus.device.remove() }, .busy, "the veto")
            await bench.settle()
            for device in [bus.device, toy, other] {
                try same(device.state.value.pnp.state, .started, device.name)
            }
        }
    }

    @Test("PNP-8: a parent's departure is its children's, and it waits for them (chart P16)")
    func departure() throws {
        try onBench(drivers: [Toy.self, UsbBus.self]) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started, of: "toy 1")
            let file = try await bench.interfaces.open(.toy)
            await plug.unplug()
            await bench.settle()
            try check(bench.journal.story.contains("toy 1: surpriseRemoval …"), "no surprise")
            try check(!bench.journal.has(.disposed), "the parent has not waited")
            await file.close()
            await bench.settle()
            let ended = bench.journal.story.filter { $0.hasSuffix("disposed") }
            try same(ended.count, 2, "ends")
            try same(ended.first, "toy 1: disposed", "the child first")
            try same(await bench.plugAndPlay.devices().count, 0, "devices")
        }
    }

    @Test("B-1: nothing is made any more when the parent goes, not even what is in the making")
    func reportWhenGoing() throws {
        try onBench(drivers: Self.drivers) { bench in
            let bus = try await bench.toyBus()
            async let removal: Void = bus.device.remove()
            for number in 1...3 {
                await bus.plug(number)
                await bench.clock.wait(for: .microseconds(20))
            }
            try await removal
            await bench.settle()
            try same(await bench.plugAndPlay.devices().count, 0, "devices")
        }
    }

    @Test("B-9: a child in D0 holds a power reference on its parent, unless settled otherwise")
    func parentPower() throws {
        try onBench(drivers: Self.drivers) { bench in
            let bus = try await bench.toyBus()
            try same(bus.heldByChildren, 0, "before")
            _ = try await bench.toy(1, in: bus)
            try same(bus.heldByChildren, 1, "with a child")
            await bus.run { $0.settle = { $0.needsParentPower = false } }
            _ = try await bench.toy(2, in: bus)
            try same(bus.heldByChildren, 1, "with one that needs none")
            await bus.pull(1)
            await bench.journal.wait(for: .disposed, of: "toy 1")
            try same(bus.heldByChildren, 0, "without it")
        }
    }

    @Test("B-9: an idle child lets its parent idle, and has it back in D0 before itself")
    func idleParent() throws {
        try onBench(drivers: Self.drivers) { bench in
            let bus = try await bench.toyBus()
            let toy = try await bench.toy(1, in: bus)
            let file = try await bench.interfaces.open(.toy)
            await bus.run { bus in
                bus.device.idle(after: .seconds(1))
                toy.idle(after: .seconds(3))
            }
            await bench.clock.wait(for: .seconds(2))
            try check(!bench.journal.story.contains("ToyBus: exitD0 …"), "it idles under a child")
            await bench.clock.wait(for: .seconds(8))
            try same(bus.heldByChildren, 0, "references of an idle child")
            try same(try await file.write([1]), 1, "a write")
            let power = bench.journal.story.filter { $0.hasSuffix("D0 …") }
            try same(
                power,
                [
                    "ToyBus: enterD0 …", "toy 1: enterD0 …", "toy 1: exitD0 …", "ToyBus: exitD0 …",
                    "ToyBus: enterD0 …", "toy 1: enterD0 …",
                ], "power")
            await file.close()
        }
    }

    @Test("PNP-18, B-2: a child that fails is made anew by its bus, if the bus's driver agrees")
    func restart() throws {
        for isWanted in [true, false] {
            let script = Script([
                .prepareHardware: { driver throws(DeviceError) in
                    if !driver.valve.hasPassed {
                        driver.valve.open()
                        throw DeviceError(.failed)
                    }
                }
            ])
            try onBench(seeds: 0..<4, script, drivers: []) { bench in
                let bus = try await bench.toyBus()
                await bus.run {
                    $0.wantsAgain = isWanted
                    $0.settle = { $0.driver = ScriptedDriver.self }
                }
                await bus.plug(1)
                await bench.clock.wait(for: .seconds(1))
                try same(await bus.asked.filter { $0 == "again 1" }.count, 1, "asked")
                try same(bus.device.children.count, isWanted ? 1 : 0, "children")
                try same(
                    bench.journal.story.contains("toy 1: started"), isWanted, "it has started")
            }
        }
    }

    @Test("R-18: a child's request is forwarded to its parent's queue, and ends with the child")
    func forwardToParent() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(
                    .parallel(limit: 4), for: driver,
                    deviceControl: { driver, request in
                        guard let queue = driver.device.parentQueue else {
                            return request.fail(.invalidRequest)
                        }
                        request.forward(to: queue)
                    })
            }
        ])
        try onBench(script) { bench in
            let bus = try await bench.toyBus()
            await bus.run { $0.settle = { $0.driver = ScriptedDriver.self } }
            _ = try await bench.toy(1, in: bus)
            let file = try await bench.interfaces.open(.gadget)
            let asked = bench.client { try await file.control(5).information }
            await bench.settle()
            await bus.run { bus in
                guard let request = bus.takenFromChildren?.next() else { return }
                request.complete(42)
            }
            try same(try await asked.value.get(), 42, "the parent's answer")
            let left = bench.client { try await file.control(6).information }
            await bench.settle()
            try same(await bus.takenFromChildren?.count, 1, "waiting with the parent")
            await bus.pull(1)
            switch await left.value {
            case .success: throw Surprise("it has succeeded")
            case .failure(let error): try same(error.code, .removed, "its end")
            }
            await file.close()
            await bench.journal.wait(for: .disposed, of: "toy 1")
        }
    }

    @Test("DEV-16: a veto by count refuses a removal before the driver is asked")
    func standingVeto() throws {
        try onBench(seeds: 0..<4, drivers: Self.drivers) { bench in
            let bus = try await bench.toyBus()
            await bus.run { bus in
                bus.device.preventRemoval()
                bus.device.preventRemoval()
                bus.device.allowRemoval()
            }
            try same(await code { try await bus.device.remove() }, .busy, "while it stands")
            try check(
                !bench.journal.story.contains("ToyBus: queryRemove …"), "the driver was asked")
            await bus.run { $0.device.allowRemoval() }
            try await bus.device.remove()
            try check(bench.journal.has(.disposed), "it stays")
        }
    }

    @Test("DEV-15: a device that is not disableable is not removed while its program runs")
    func notDisableable() throws {
        try onBench(seeds: 0..<4, drivers: Self.drivers) { bench in
            let bus = try await bench.toyBus()
            await bus.run { $0.device.isDisableable = false }
            try same(
                await code { try await bus.device.remove() }, .invalidDeviceState, "refused")
            await bus.run { $0.device.isDisableable = true }
            try await bus.device.remove()
        }
    }

    @Test("DEV-21: related devices go when one is removed in an orderly way; each may veto")
    func relations() throws {
        try onBench(drivers: Self.drivers) { bench in
            let bus = try await bench.toyBus()
            let one = try await bench.toy(1, in: bus)
            let another = try await bench.toy(2, in: bus)
            let third = try await bench.toy(3, in: bus)
            await bus.run { _ in
                one.addRemovalRelation(with: another)
                another.preventRemoval()
            }
            try same(await code { try await one.remove() }, .busy, "the other's veto")
            await bus.run { _ in another.allowRemoval() }
            try await one.remove()
            try same(bus.device.children.map(\.name), ["toy 3"], "left")
            try same(third.state.value.pnp.state, .started, "the third")
        }
    }

    @Test("DEV-11: after a failure the hardware is released at once, or after the children")
    func releaseOrder() throws {
        for isLate in [false, true] {
            try onBench(seeds: 0..<4, drivers: Self.drivers) { bench in
                let bus = try await bench.toyBus()
                let toy = try await bench.toy(1, in: bus)
                let file = try await bench.interfaces.open(.toy)
                await bus.run { $0.device.releasesHardwareAfterDescendants = isLate }
                // A child that is still open when its parent fails.
                let released = bench.client { try await bus.releaseAfterFailure() }
                await bench.settle()
                try same(toy.isGone, isLate, "the child is told to go")
                try same(await bus.asked.last == "released", !isLate, "released before it went")
                await file.close()
                _ = await released.value
                try same(await bus.asked.last, "released", "in the end")
            }
        }
    }
}

extension ToyBus {
    /// What the framework does when a start or a change of power has failed.
    fileprivate func releaseAfterFailure() async throws(DeviceError) {
        await device.waitForDescendantsOnFailure()
        note("released")
    }
}

/// A USB device whose driver is a bus driver.
private actor UsbBus: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) {
        self.device = device
        device.addStaticChild(
            ChildDevice(
                DeviceIdentity(name: "toy 1", instanceID: "1", hardwareIDs: ["toy"])))
    }
}
