import Testing

@testable import DriverFoundation

/// Children of a bus driver, from report to device.
@Suite struct ChildListTests {
    private static let drivers: [any FunctionDriver.Type] = [Toy.self]

    @Test("B-1, B-7: a root bus without hardware reports a child, which is matched and driven")
    func arrival() throws {
        try onBench(drivers: Self.drivers) { bench in
            let bus = try await bench.toyBus()
            let toy = try await bench.toy(1, in: bus)
            try check(toy.parent === bus.device, "another parent")
            try same(toy.usb == nil, true, "hardware")
            try same(bus.device.children.map(\.name), ["toy 1"], "children")
            let file = try await bench.interfaces.open(.toy)
            try same(try await file.write([1, 2]), 2, "a write")
            await file.close()
            try check(
                !bench.journal.story.contains { $0.hasPrefix("toy 1: hardware") }, "hardware steps")
            try same(bench.journal.errors, [], "errors")
        }
    }

    @Test("B-4: children are looked for at each entry of D0, and made when the start is complete")
    func scanAtEntry() throws {
        try onBench(drivers: [Toy.self, FindingBus.self]) { bench in
            _ = await bench.plugAndPlay.addRoot(FindingBus.self)
            await bench.journal.wait(for: .started, of: "toy 7")
            let story = bench.journal.story
            let places = [
                "FindingBus: enterD0 returned", "FindingBus: power-managed queues started",
                "FindingBus: started", "toy 7: matched to Toy",
            ].map { story.firstIndex(of: $0) ?? -1 }
            try same(places, places.sorted(), "order")
            try check(!places.contains(-1), "\(story)")
        }
    }

    @Test("B-4, PNP-3: a bus that comes back from idling looks again, before self-managed I/O")
    func scanAtReturn() throws {
        try onBench(drivers: Self.drivers) { bench in
            let bus = try await bench.toyBus()
            await bus.run { bus in
                bus.found = [7]
                bus.idle(after: .seconds(1))
            }
            await bench.clock.wait(for: .seconds(2))
            try check(!bus.device.idleReport.isInD0, "in D0")
            try await bench.plugAndPlay.wake(bus.device)
            await bench.journal.wait(for: .started, of: "toy 7")
            let asked = await bus.asked
            try same(asked, ["enterD0", "scan", "enterD0", "scan", "create 7"], "asked")
            try same(
                bench.journal.lines(named: "ToyBus").suffix(5),
                [
                    "enterD0", "postInterruptsEnabled", "children scanned",
                    "power-managed queues started", "restartSelfManagedIO",
                ], "the return")
        }
    }

    @Test("B-3: a creation that asks for a retry gets three; another failure waits for a report")
    func retries() throws {
        try onBench(seeds: 0..<4, drivers: Self.drivers) { bench in
            let bus = try await bench.toyBus()
            await bus.run { bus in
                bus.refusals = [
                    1: [.tryAgain, .tryAgain, .tryAgain], 2: .init(repeating: .tryAgain, count: 4),
                    3: [.failed],
                ]
                for number in 1...3 { bus.plug(number) }
            }
            await bench.settle()
            try same(bus.device.children.map(\.name), ["toy 1"], "children")
            let asked = await bus.asked
            for (number, count) in [(1, 4), (2, 4), (3, 1)] {
                try same(asked.filter { $0 == "create \(number)" }.count, count, "\(number)")
            }
            await bus.plug(3)
            await bus.plug(2)
            await bench.settle()
            try same(bus.device.children.map(\.name).sorted(), ["toy 1", "toy 2", "toy 3"], "then")
            try same(bench.journal.errors.count, 1, "errors")
        }
    }

    @Test("B-7: a child without ids, or with a sibling's, is not made")
    func identity() throws {
        try onBench(seeds: 0..<1, drivers: Self.drivers) { bench in
            let bus = try await bench.toyBus()
            await bus.run { $0.settle = { $0.identity.instanceID = "same" } }
            _ = try await bench.toy(1, in: bus)
            await bus.plug(2)
            await bus.run { $0.settle = { $0.identity.hardwareIDs = [] } }
            await bus.plug(3)
            await bus.run { $0.settle = { $0.identity.instanceID = "" } }
            await bus.plug(4)
            await bench.settle()
            try same(bus.device.children.map(\.name), ["toy 1"], "children")
            try same(bench.journal.errors.count, 3, "errors")
        }
    }

    @Test("B-7: a raw child gets the driver that its bus driver names; an unknown one gets none")
    func raw() throws {
        try onBench(seeds: 0..<1, drivers: []) { bench in
            let bus = try await bench.toyBus()
            await bus.plug(1)
            await bench.settle()
            try same(bus.device.children.count, 0, "without a driver")
            await bus.run { $0.settle = { $0.driver = Toy.self } }
            let toy = try await bench.toy(2, in: bus)
            try check(toy.state.value.driver is Toy, "another driver")
            await bus.pull(1)
            try same(await bus.list?.address(of: 1), nil, "the unknown one's address")
        }
    }

    @Test("B-2: a child's address may change; reporting it again makes no second device")
    func address() throws {
        try onBench(drivers: Self.drivers) { bench in
            let bus = try await bench.toyBus()
            let toy = try await bench.toy(1, in: bus)
            let isNew = await bus.run { $0.list?.addOrUpdate(1, at: "elsewhere") }
            try same(isNew, false, "new")
            try same(await bus.list?.address(of: 1), "elsewhere", "address")
            try check(await bus.list?.device(for: 1) === toy, "another device")
            try same(bus.device.children.count, 1, "children")
        }
    }

    @Test("B-2: a child reported again while its device goes is made anew if the driver agrees")
    func reenumerated() throws {
        for wantsAgain in [true, false] {
            try onBench(seeds: 0..<4, drivers: Self.drivers) { bench in
                let bus = try await bench.toyBus()
                let toy = try await bench.toy(1, in: bus)
                // An open file keeps the first device.
                let file = try await bench.interfaces.open(.toy)
                await bus.run {
                    $0.wantsAgain = wantsAgain
                    $0.pull(1)
                    $0.plug(1)
                }
                await bench.settle()
                try same(await bus.asked.filter { $0 == "again 1" }.count, 1, "asked")
                let expected = wantsAgain ? 2 : 1
                try same(bus.device.children.count, expected, "devices")
                let present = await bus.list?.device(for: 1)
                try check(present !== toy && (present != nil) == wantsAgain, "the present device")
                await file.close()
                await bench.settle()
                try same(bus.device.children.count, expected - 1, "devices in the end")
            }
        }
    }

    @Test("B-3: a child that was removed while present gets another device when reported again")
    func removedThenReported() throws {
        try onBench(drivers: Self.drivers) { bench in
            let bus = try await bench.toyBus()
            try await bench.toy(1, in: bus).remove()
            await bench.settle()
            try same(bus.device.children.count, 0, "children")
            await bus.plug(1)
            await bench.settle()
            try same(bus.device.children.map(\.name), ["toy 1"], "children again")
        }
    }

    @Test("B-5: an iteration shows what it is asked for; reports made meanwhile wait for its end")
    func iteration() throws {
        try onBench(seeds: 0..<4, drivers: Self.drivers) { bench in
            let bus = try await bench.toyBus()
            for number in 1...3 { _ = try await bench.toy(number, in: bus) }
            let file = try await bench.interfaces.open(.toy)
            await bus.pull(1)
            await bench.settle()
            let shown = await bus.run { bus -> [String] in
                var shown: [String] = []
                await bus.list?.forEach([.present, .missing]) { child in
                    shown.append("\(child.identification)")
                    bus.pull(3)
                    bus.plug(4)
                    await bus.device.clock.wait(for: .milliseconds(5))
                    if bus.list?.device(for: 3) == nil { shown.append("too early") }
                }
                return shown
            }
            try same(shown, ["1", "2", "3"], "shown")
            await bench.journal.wait(for: .started, of: "toy 4")
            try same(await bus.list?.device(for: 3) == nil, true, "3 afterwards")
            await file.close()
        }
    }

    @Test("B-6: static children come with the start, are listed, and go when marked missing")
    func staticChildren() throws {
        try onBench(drivers: [Toy.self, StaticBus.self]) { bench in
            let device = await bench.plugAndPlay.addRoot(StaticBus.self)
            await bench.journal.wait(for: .started, of: "toy 2")
            await bench.settle()
            guard let device else { throw Surprise("no root") }
            var names: [String] = []
            await device.forEachStaticChild { child, device in
                if device?.name == child.identity.name { names.append(child.identity.name) }
            }
            try same(names, ["toy 1", "toy 2"], "listed")
            try same(device.markStaticChildMissing("1"), true, "there")
            try same(device.markStaticChildMissing("9"), false, "not there")
            await bench.journal.wait(for: .disposed, of: "toy 1")
            try same(device.children.map(\.name), ["toy 2"], "left")
        }
    }

    @Test("B-11: a child's driver finds what its bus driver offers, by the protocol alone")
    func interfaces() throws {
        try onBench(seeds: 0..<1, drivers: Self.drivers) { bench in
            let bus = try await bench.toyBus()
            await bus.run { bus in
                bus.settle = { $0.offer(Pantry(crumbs: 7), as: (any CrumbCounting).self) }
            }
            let toy = try await bench.toy(1, in: bus)
            try same(toy.lookUp((any CrumbCounting).self)?.crumbs, 7, "crumbs")
            try check(toy.lookUp(Pantry.self) == nil, "found by a type that was not offered")
        }
    }
}

private protocol CrumbCounting: Sendable { var crumbs: Int { get } }
private struct Pantry: CrumbCounting { let crumbs: Int }

/// A bus that finds one toy whenever it looks.
private actor FindingBus: FunctionDriver {
    static let matches: [DeviceMatch] = []
    nonisolated let device: Device
    private var list: ChildList<Int, Void>?

    init(device: Device) async throws(DeviceError) {
        self.device = device
        list = device.childList(of: Int.self, for: self, scan: { $0.list?.add(7) }) { _, number in
            ChildDevice(.toy(number))
        }
    }
}

/// A bus with two toys that are always there.
private actor StaticBus: FunctionDriver {
    static let matches: [DeviceMatch] = []
    nonisolated let device: Device

    init(device: Device) async throws(DeviceError) {
        self.device = device
        for number in 1...2 { device.addStaticChild(ChildDevice(.toy(number))) }
    }
}

extension DeviceIdentity {
    fileprivate static func toy(_ number: Int) -> DeviceIdentity {
        DeviceIdentity(name: "toy \(number)", instanceID: "\(number)", hardwareIDs: ["toy"])
    }
}
