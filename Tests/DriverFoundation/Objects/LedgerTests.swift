import DriverSimulation
import Logging
import Testing
import VirtualUSB

@testable import DriverFoundation

/// What is left, and who holds it: OBJ-8, OBJ-13.
@Suite struct LedgerTests {
    private static let script = Script([
        .deviceAdd: { driver throws(DeviceError) in
            let device = driver.device
            let timer = try device.timer("blink", every: .milliseconds(1), for: driver) { _ in }
            let item = try device.workItem("sweep", for: driver) { _ in }
            let call = try device.deferredCall("note", for: driver) { _ in }
            _ = try timer.object.child("plain")
            try device.interruptSource(
                "button", on: [0x83], for: driver,
                isr: { _, _ in .queueDPC(1) }, dpc: { _, _ in })
            device.object.addContext { _ in [timer] }
            device.object.addContext { _ in (item, call) }
        },
        .enterD0: { driver in
            driver.device.object.context(of: [DeviceTimer].self)?.first?.start()
            driver.device.object.context(of: (WorkItem, DeferredCall).self)?.0.enqueue()
        },
    ])

    @Test("OBJ-13: after a device's end, however it ended, none of its objects is left")
    func nothingLeft() throws {
        try onBench(seeds: 0..<32, Self.script) { bench in
            let ledger = bench.plugAndPlay.objects
            for round in 0..<4 {
                let (plug, gadget) = try await bench.plug()
                if round == 0 {
                    await bench.journal.wait(for: .started)
                } else {
                    await bench.journal.next(.started)
                }
                try same(
                    ledger.live.map(\.kind),
                    [
                        "device", "timer", "work item", "deferred call", "object",
                        "interrupt source",
                    ], "live")
                await gadget.send([1], on: 0x83)
                if round % 2 == 0 { try await (try bench.device).remove() }
                await plug.unplug()
                await bench.settle()
                try same(ledger.live, [], "left")
            }
        }
    }

    @Test(
        "OBJ-13, VF-42: what is left at the end is listed by kind and name, in log and ledger"
    )
    func leak() throws {
        let kept = Kept()
        let lines = Lines()
        var options = PlugAndPlay.Options()
        options.logger = Logger(label: "test") { _ in LinesHandler(lines: lines) }
        let chosen = options
        try Simulation.seeds(0..<4) { simulation in
            lines.all = []
            let bus = VirtualBus(on: simulation.loop)
            let ended = Valve(on: simulation.loop)
            var options = chosen
            options.observer = { device, step in
                if step == .started {
                    kept.object = try? device.object.child("cache")
                    kept.reference = kept.object?.reference("test")
                }
                if step == .disposed { ended.open() }
            }
            Script.register(Script(), Valve(on: simulation.loop), for: simulation.loop)
            let plugAndPlay = PlugAndPlay(
                on: bus, drivers: [ScriptedDriver.self], options: options)
            try await plugAndPlay.start()
            _ = try await bus.plug { Gadget(port: $0) }
            await simulation.clock.wait(for: .seconds(1))
            await plugAndPlay.stop()
            try same(plugAndPlay.objects.live.map(\.description), ["object cache (test)"], "left")
            try same(lines.all.count, 1, "warnings")
            try check(lines.all[0].contains("OBJ-13: not destroyed: object cache"), lines.all[0])
            kept.object = nil
            try same(plugAndPlay.objects.live.count, 1, "destroyed while referred to (OBJ-8)")
            kept.reference = nil
            try same(plugAndPlay.objects.live, [], "left")
            Script.forget(simulation.loop)
        }
    }

    @Test(
        "OBJ-8, VF-45: a reference delays the destruction, never the cleanup; tags name holders"
    )
    func references() throws {
        try onBench { bench in
            _ = try await bench.open()
            let events = Events()
            let kept = Kept()
            do {
                let object = try events.child("a", of: try bench.device.object)
                kept.reference = object.reference("reader")
                let second = object.reference("writer")
                try same(
                    bench.plugAndPlay.objects.live.last?.tags, ["reader", "writer"], "tags")
                _ = consume second
                try same(bench.plugAndPlay.objects.live.last?.tags, ["reader"], "tags")
                try object.delete()
                await object.deleted()
            }
            await bench.settle()
            try same(events.all, ["cleanup a"], "while it is referred to")
            kept.reference = nil
            try same(events.all, ["cleanup a", "destroy a"], "afterwards")
        }
    }

    @Test("OBJ-1, VF-5: an object whose device is gone refuses instead of touching it")
    func stale() throws {
        try onBench(Self.script) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            let root = try bench.device.object
            guard let timer = root.context(of: [DeviceTimer].self)?.first,
                let (item, call) = root.context(of: (WorkItem, DeferredCall).self)
            else { throw Surprise("not made") }
            await plug.unplug()
            await bench.journal.wait(for: .disposed)
            try check(!timer.start() && !timer.isQueued, "a timer starts")
            try check(!item.enqueue() && !call.enqueue(), "work is queued")
            await item.flush()
            try same(await code { try root.child("late") }, .invalidDeviceState, "a child")
        }
    }
}

/// Sendable because it is touched on one simulation's loop at a time.
private final class Kept: @unchecked Sendable {
    var object: DriverObject?
    var reference: TaggedReference?
}

/// Sendable because it is touched on one simulation's loop at a time.
private final class Lines: @unchecked Sendable {
    var all: [String] = []
}

private struct LinesHandler: LogHandler {
    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace
    init(lines: Lines) { self.lines = lines }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
    func log(event: LogEvent) {
        if event.level >= .warning { lines.all.append("\(event.message)") }
    }
}
