import Testing
import VirtualUSB

@testable import DriverFoundation

/// Filters over and under a function driver: FL-1, FL-3, FL-4, DRV-2.
@Suite struct FilterTests {
    private static let writes = Script([
        .deviceAdd: { driver in
            driver.notes.append("function")
            driver.device.queue(
                .parallel(limit: 4), for: driver, read: { $1.complete(with: [1]) },
                write: { $1.complete(1) })
        }
    ])

    @Test("FL-3: drivers are added from the bottom to the top, and power follows up and down")
    func order() throws {
        let filters: [FilterPlacement] = [
            .upper(Telling<Upper>.self), .lower(Telling<Lower>.self), .upper(Telling<Topmost>.self),
        ]
        let script = Script([
            .prepareHardware: { $0.tell("function prepareHardware") },
            .enterD0: { $0.tell("function enterD0") },
            .exitD0: { $0.tell("function exitD0") },
            .releaseHardware: { $0.tell("function releaseHardware") },
            .queryRemove: { $0.tell("function queryRemove") },
            .deviceAdd: { $0.tell("function add") },
        ])
        try onBench(script, filters: filters) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            try await device.remove()
            let up = ["Lower", "function", "Upper", "Topmost"]
            let expected =
                up.map { $0 + " add" } + up.map { $0 + " prepareHardware" }
                + up.map { $0 + " enterD0" } + up.reversed().map { $0 + " queryRemove" }
                + up.reversed().map { $0 + " exitD0" }
                + up.reversed().map { $0 + " releaseHardware" }
            try same(bench.journal.told, expected, "calls")
        }
    }

    @Test("FL-3: when a driver fails to enter D0, those below it leave it again")
    func failedEntry() throws {
        let script = Script([
            .enterD0: { driver throws(DeviceError) in
                driver.tell("function enterD0")
                throw DeviceError(.failed)
            },
            .exitD0: { $0.tell("function exitD0") },
        ])
        try onBench(script, filters: [.lower(Telling<Lower>.self), .upper(Telling<Upper>.self)]) {
            bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .hardwareClosed)
            let told = bench.journal.told.filter { $0.contains("D0") }
            try same(told, ["Lower enterD0", "function enterD0", "Lower exitD0"], "calls")
        }
    }

    @Test("FL-3, PNP-12: whom another driver's failure kept from preparing has nothing to release")
    func unprepared() throws {
        let script = Script([
            .prepareHardware: { $0.tell("function prepareHardware") },
            .releaseHardware: { $0.tell("function releaseHardware") },
        ])
        let filters: [FilterPlacement] = [
            .lower(Unprepared.self), .upper(Telling<Upper>.self),
        ]
        try onBench(script, filters: filters, options: StartTests.withoutRestart) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .hardwareClosed)
            let told = bench.journal.told.filter { $0.contains("Hardware") }
            try same(
                told, ["Unprepared prepareHardware", "Unprepared releaseHardware"], "calls")
        }
    }

    @Test("DRV-2: a filter that fails its add is silently not in the stack")
    func failingFilter() throws {
        try onBench(Self.writes, filters: [.upper(Failing.self), .upper(Telling<Upper>.self)]) {
            bench in
            let (plug, _, file) = try await bench.open()
            try same(
                try bench.device.state.value.stack.levels.map(\.position),
                [.function, .upperFilter], "levels")
            try same(try await file.write([1]), 1, "a write")
            try same(bench.journal.errors, [], "errors")
            await plug.unplug()
        }
    }

    @Test("FL-3: a filter is put on the devices that it matches, and on no others")
    func matching() throws {
        let drivers: [any FunctionDriver.Type] = [ScriptedDriver.self, Toy.self]
        try onBench(Self.writes, drivers: drivers, filters: [.upper(OfToys.self)]) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            try same(try bench.device.state.value.stack.levels.count, 1, "the gadget's levels")
            let bus = try await bench.toyBus()
            let toy = try await bench.toy(1, in: bus)
            try same(toy.state.value.stack.levels.count, 2, "the toy's levels")
            await plug.unplug()
        }
    }

    @Test(
        "FL-1, T-12: kinds without a handler pass a filter unchanged; opens and closes do as well")
    func passing() throws {
        try onBench(Self.writes, filters: [.upper(Censor.self), .upper(Telling<Upper>.self)]) {
            bench in
            let (plug, _, file) = try await bench.open()
            try same(try await file.read(upTo: 4), [1], "a read, which the censor lets pass")
            try same(await code { try await file.write([1]) }, .accessDenied, "a write")
            try same(
                await code { try await file.control(3) }, .invalidRequest,
                "what no level has a handler for")
            await file.close()
            await plug.unplug()
        }
    }

    @Test("FL-1, F-6: a filter hears of opens and closes, first; the driver below does as well")
    func files() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.files(
                    for: driver, create: { driver, _ in driver.device.tell("function create") },
                    close: { driver, _ in driver.device.tell("function close") })
            }
        ])
        try onBench(script, filters: [.upper(Doorkeeper.self)]) { bench in
            let (plug, _, file) = try await bench.open()
            await file.close()
            try same(
                bench.journal.told,
                ["filter create", "function create", "filter close", "function close"], "told")
            let door = bench.interfaces.all(of: .gadget)[0]
            try same(
                await code { try await door.open(path: "shut") }, .accessDenied, "a refusal")
            try same(bench.journal.told.count, 5, "told of the refused one")
            await plug.unplug()
        }
    }

    @Test("FL-1: a filter's queues are not power-managed unless it says so")
    func unmanaged() throws {
        try onBench(seeds: 0..<1, filters: [.upper(Censor.self)]) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            let queues = try bench.device.state.value.queues
            try same(queues.map(\.isPowerManaged), [false, true], "queues")
            await plug.unplug()
        }
    }

    @Test("FL-4: a sideband filter's control device gives programs access to the filter")
    func sideband() throws {
        try onBench(Self.writes, filters: [.upper(Sideband.self)]) { bench in
            let (plug, _, file) = try await bench.open()
            try await file.write([1])
            try await file.write([1])
            let side = try await bench.interfaces.open(.sideband)
            try same(try await side.control(1).information, 2, "writes seen")
            await plug.unplug()
            await side.close()
            await file.close()
            await bench.settle()
            try same(bench.interfaces.all(of: .sideband).count, 0, "its interface in the end")
        }
    }

    @Test("B-11: a driver finds what a filter below it offers, before what the bus driver does")
    func offers() throws {
        try onBench(seeds: 0..<1, drivers: [Toy.self], filters: [.lower(Offering.self)]) { bench in
            let bus = try await bench.toyBus()
            await bus.run { $0.settle = { $0.offer(1, as: Int.self) } }
            let toy = try await bench.toy(1, in: bus)
            try same(toy.lookUp(Int.self), 2, "the nearest")
            try same(toy.lookUp(String.self), "bus: 1", "what the filter found below itself")
        }
    }

    @Test("FL-1: a filter goes with its device; nothing of it is left")
    func leaks() throws {
        try onBench(seeds: 0..<2, Self.writes, filters: [.upper(Censor.self)]) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            let remains = Weak(try bench.device.state.value.stack.levels.last?.filter)
            let level = Weak(try bench.device.state.value.stack.levels.last)
            await plug.unplug()
            await bench.journal.wait(for: .disposed)
            await bench.settle()
            try check(remains.object == nil && level.object == nil, "something is left")
        }
    }
}

extension DeviceInterfaceClass {
    fileprivate static let sideband: DeviceInterfaceClass = "org.driver-foundation.test.sideband"
}

/// Looks whether an object is still there.
private final class Weak: @unchecked Sendable {
    // Sendable because one simulation's loop alone touches it.
    weak var object: AnyObject?
    init(_ object: AnyObject?) { self.object = object }
}

extension ScriptedDriver {
    fileprivate func tell(_ text: String) { device.tell(text) }
}

/// Tells the journal of each callback, in the name of `Place`.
private actor Telling<Place>: FilterDriver {
    static var matches: [DeviceMatch] { [.any] }
    nonisolated let level: DeviceLevel
    init(level: DeviceLevel) async throws(DeviceError) {
        self.level = level
        tell("add")
    }
    nonisolated func tell(_ text: String) { level.device.tell("\(Place.self) \(text)") }
    func prepareHardware() async throws(DeviceError) { tell("prepareHardware") }
    func enterD0(from previous: PowerState) async throws(DeviceError) { tell("enterD0") }
    func exitD0(to next: PowerState) async throws(DeviceError) { tell("exitD0") }
    func releaseHardware() async throws(DeviceError) { tell("releaseHardware") }
    func queryRemove() async throws(DeviceError) { tell("queryRemove") }
}

private enum Upper {}
private enum Topmost {}
private enum Lower {}

/// Cannot prepare the hardware.
private actor Unprepared: FilterDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let level: DeviceLevel
    init(level: DeviceLevel) async throws(DeviceError) { self.level = level }

    func prepareHardware() async throws(DeviceError) {
        device.tell("Unprepared prepareHardware")
        throw DeviceError(.failed)
    }

    func releaseHardware() async throws(DeviceError) { device.tell("Unprepared releaseHardware") }
}

private actor Failing: FilterDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let level: DeviceLevel
    init(level: DeviceLevel) async throws(DeviceError) {
        self.level = level
        level.queue(.sequential, for: self, write: { $1.fail(.invalidRequest) })
        throw DeviceError(.failed)
    }
}

private actor OfToys: FilterDriver {
    static let matches: [DeviceMatch] = [.hardwareID("toy")]
    nonisolated let level: DeviceLevel
    init(level: DeviceLevel) async throws(DeviceError) { self.level = level }
}

/// Lets nothing be written.
private actor Censor: FilterDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let level: DeviceLevel
    init(level: DeviceLevel) async throws(DeviceError) {
        self.level = level
        level.queue(.sequential, for: self, write: { $1.fail(DeviceError(.accessDenied)) })
        _ = level.queue(.manual, isPowerManaged: true)
    }
}

/// Looks at who opens the device.
private actor Doorkeeper: FilterDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let level: DeviceLevel
    init(level: DeviceLevel) async throws(DeviceError) {
        self.level = level
        level.files(
            for: self,
            create: { filter, file throws(DeviceError) in
                filter.device.tell("filter create")
                if file.path == "shut" { throw DeviceError(.accessDenied) }
            },
            close: { filter, _ in filter.device.tell("filter close") })
    }
}

/// Counts writes, and tells programs how many there were.
private actor Sideband: FilterDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let level: DeviceLevel
    private var writes = 0

    init(level: DeviceLevel) async throws(DeviceError) {
        self.level = level
        level.queue(.sequential, for: self, write: { $0.count($1) })
        let control = level.device.addControlDevice(named: "sideband of \(level.device.name)")
        control.register(.sideband)
        control.queue(
            .parallel(limit: 2), for: self, deviceControl: { $1.complete($0.writes) })
        control.finishInitializing()
    }

    private func count(_ request: consuming Request) {
        writes += 1
        request.complete(1)
    }
}

/// Offers what a function driver looks up.
private actor Offering: FilterDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let level: DeviceLevel
    init(level: DeviceLevel) async throws(DeviceError) {
        self.level = level
        level.offer("bus: \(level.lookUp(Int.self) ?? 0)", as: String.self)
        level.offer(2, as: Int.self)
    }
}
