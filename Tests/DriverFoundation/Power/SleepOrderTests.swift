import Testing

@testable import DriverFoundation

/// Parents and children when the system sleeps.
@Suite struct SleepOrderTests {
    /// The story from `start` on: who begins and ends which step of his power.
    private static func power(_ bench: Bench, from start: Int = 0) -> [String] {
        bench.journal.story[start...].filter { $0.contains("D0 ") }
    }

    /// Throws unless each of `earlier` is in the story before each of `later`, once.
    private static func inOrder(
        _ story: [String], _ earlier: [String], before later: [String]
    ) throws {
        for line in earlier + later {
            try same(story.filter { $0 == line }.count, 1, "how often \(line), in \(story)")
        }
        let last = earlier.compactMap { story.lastIndex(of: $0) }.max() ?? -1
        let first = later.compactMap { story.firstIndex(of: $0) }.min() ?? .max
        try check(last < first, "not before \(later): \(story)")
    }

    @Test(
        "PNP-5, B-9: for the system's sleep children go down before their parent, and up after it")
    func family() throws {
        let source = ScriptedSleep()
        var options = PlugAndPlay.Options()
        options.sleepSource = source
        try onBench(drivers: [SlowToy.self], options: options) { bench in
            let bus = try await bench.toyBus()
            let toys = (1...3).map { "toy \($0)" }
            for number in 1...3 { _ = try await bench.toy(number, in: bus) }
            await bus.run { $0.found = [1, 2, 3] }
            for _ in 0..<3 {
                let start = bench.journal.story.count
                await source.say(.falling)
                let down = Self.power(bench, from: start)
                try Self.inOrder(
                    down, toys.map { "\($0): exitD0 returned" }, before: ["ToyBus: exitD0 …"])
                try check(down.last == "ToyBus: exitD0 returned", "acknowledged early: \(down)")
                try same(bus.heldByChildren, 0, "references of children that are down")
                await source.say(.awake)
                let up = Array(Self.power(bench, from: start).dropFirst(down.count))
                try Self.inOrder(
                    up, ["ToyBus: enterD0 returned"],
                    before: toys.map { "\($0): enterD0 …" })
                try same(bus.heldByChildren, 3, "references of children in D0")
            }
            try same(bench.journal.errors, [], "errors")
        }
    }

    @Test("PNP-5, B-9: a child that is powered up with the system has its idle parent in D0 first")
    func idleFamily() throws {
        try onBench(drivers: [Toy.self]) { bench in
            let bus = try await bench.toyBus()
            let toy = try await bench.toy(1, in: bus)
            await bus.run { bus in
                bus.found = [1]
                bus.device.idle(after: .seconds(1))
            }
            var settings = IdleSettings()
            settings.isEnabled = true
            settings.timeout = .seconds(1)
            settings.powersUpWithSystem = true
            try toy.setIdle(settings, by: .driver)
            await bench.clock.wait(for: .seconds(5))
            try check(!toy.idleReport.isInD0 && !bus.device.idleReport.isInD0, "they do not idle")
            let start = bench.journal.story.count
            await bench.plugAndPlay.system(.falling)
            try same(Self.power(bench, from: start), [], "what an idle family does")
            await bench.plugAndPlay.system(.awake)
            try same(
                Self.power(bench, from: start),
                [
                    "ToyBus: enterD0 …", "ToyBus: enterD0 returned", "toy 1: enterD0 …",
                    "toy 1: enterD0 returned",
                ], "the way up")
        }
    }

    @Test(
        "PNP-4, PNP-5, B-9: an armed child is brought up, armed anew and down within its parent"
    )
    func armedChild() throws {
        try onBench(drivers: [Toy.self]) { bench in
            let bus = try await bench.toyBus()
            let toy = try await bench.toy(1, in: bus)
            var settings = IdleSettings()
            settings.isEnabled = true
            settings.timeout = .seconds(1)
            settings.wakes = true
            try toy.setIdle(settings, by: .driver)
            await bus.run { bus in
                bus.found = [1]
                bus.device.idle(after: .seconds(1))
            }
            await bench.clock.wait(for: .seconds(5))
            try check(!toy.idleReport.isInD0, "it does not idle")
            let start = bench.journal.story.count
            await bench.plugAndPlay.system(.falling)
            let power = Self.power(bench, from: start)
            // Its parent had no reason to stay: it is brought back for the child, and goes last.
            try Self.inOrder(
                power, ["ToyBus: enterD0 returned"], before: ["toy 1: enterD0 …"])
            try Self.inOrder(
                power, ["toy 1: exitD0 returned"], before: ["ToyBus: exitD0 …"])
            await bench.plugAndPlay.system(.awake)
            await bench.settle()
            try check(toy.idleReport.isInD0 && bus.device.idleReport.isInD0, "not in D0")
        }
    }

    @Test("PNP-5, B-1: a child that is pulled while the system sleeps is gone when it wakes")
    func pulledAsleep() throws {
        try onBench(drivers: [Toy.self]) { bench in
            let bus = try await bench.toyBus()
            for number in 1...2 { _ = try await bench.toy(number, in: bus) }
            await bench.plugAndPlay.system(.falling)
            await bus.pull(1)
            await bus.run { $0.found = [2] }
            await bench.plugAndPlay.system(.awake)
            await bench.settle()
            try same(bus.device.children.map(\.name), ["toy 2"], "children")
            try same(bus.heldByChildren, 1, "references")
            try same(bench.journal.errors, [], "errors")
        }
    }
}

/// A child that takes its time on the way down.
private actor SlowToy: FunctionDriver {
    static let matches: [DeviceMatch] = [.hardwareID("toy")]

    nonisolated let device: Device

    init(device: Device) async throws(DeviceError) { self.device = device }

    func exitD0(to next: PowerState) async throws(DeviceError) {
        await LoopClock(device.loop).wait(for: .seconds(2))
    }
}
