import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// The object tree: §1.1.
@Suite struct ObjectTests {
    /// A started device's root, and a list of what happened to its objects.
    private func onRoot(
        seeds: Range<UInt64> = 0..<16,
        _ body: @escaping @Sendable (DriverObject, Events, Bench) async throws -> Void
    ) throws {
        try onBench(seeds: seeds) { bench in
            _ = try await bench.open()
            try await body(try bench.device.object, Events(), bench)
        }
    }

    @Test(
        "OBJ-2, VF-43: every object has one parent, which owns it; deleting it deletes the subtree")
    func ownership() throws {
        try onRoot { root, events, _ in
            do {
                let a = try events.child("a", of: root)
                _ = try events.child("a1", of: try events.child("a2", of: a))
            }
            guard let a = root.children.first else { throw Surprise("nobody owns a") }
            try check(a.parent === root, "a's parent")
            try same(a.children.map(\.name), ["a2"], "a's children")
            try a.delete()
            await a.deleted()
            try check(a.parent == nil && root.children.isEmpty, "a is in the tree")
            try same(
                Array(events.all.prefix(3)), ["cleanup a1", "cleanup a2", "cleanup a"], "cleanups")
        }
    }

    @Test(
        "OBJ-3: descendants are cleaned up before an object, head to tail; then all are destroyed"
    )
    func order() throws {
        try onRoot { root, events, bench in
            do {
                let top = try events.child("top", of: root)
                for name in ["a", "b", "c"] {
                    let child = try events.child(name, of: top)
                    for number in 1...2 { _ = try events.child("\(name)\(number)", of: child) }
                }
                try top.delete()
                await top.deleted()
            }
            await bench.settle()
            let cleanups = ["a1", "a2", "a", "b1", "b2", "b", "c1", "c2", "c", "top"]
            try same(Array(events.all.prefix(10)), cleanups.map { "cleanup \($0)" }, "cleanups")
            try same(
                Set(events.all.dropFirst(10)), Set(cleanups.map { "destroy \($0)" }), "destroys")
            try same(events.all.count, 20, "events")
        }
    }

    @Test("OBJ-3: in a tree of any shape each cleanup comes once, after every descendant's")
    func anyShape() throws {
        try onRoot(seeds: 0..<64) { root, events, bench in
            var random = bench.simulation.random
            var objects = [try events.child("0", of: root)]
            var parents = [0: -1]
            for number in 1..<30 {
                let parent = random.next(below: objects.count)
                parents[number] = parent
                objects.append(try events.child("\(number)", of: objects[parent]))
            }
            // Some are deleted by themselves, before or while the tree is.
            for _ in 0..<3 { try? objects[1 + random.next(below: 29)].delete() }
            if random.next(below: 2) == 0 { await bench.settle() }
            try objects[0].delete()
            for _ in 0..<3 { try? objects[1 + random.next(below: 29)].delete() }
            await objects[0].deleted()
            let order = events.all.filter { $0.hasPrefix("cleanup") }
            try same(order.count, 30, "cleanups")
            try same(Set(order).count, 30, "different cleanups")
            for number in 1..<30 {
                guard let own = order.firstIndex(of: "cleanup \(number)"),
                    let parent = parents[number],
                    let above = order.firstIndex(of: "cleanup \(parent)")
                else { throw Surprise("\(number) was forgotten") }
                try check(own < above, "\(parent) was cleaned up before \(number)")
            }
            objects = []
            await bench.settle()
            try same(events.all.filter { $0.hasPrefix("destroy") }.count, 30, "destroyed")
        }
    }

    @Test("OBJ-3, OBJ-5: cleanups may wait; a subtree is one pass on the scope, its order kept")
    func waiting() throws {
        try onRoot { root, events, bench in
            let top = try root.child("top") { events.add("top") }
            for number in 0..<3 {
                let clock = bench.clock
                _ = try top.child("\(number)") {
                    await clock.wait(for: .microseconds(10 - 3 * number))
                    events.add("\(number) \(root.scope.isCurrent)")
                }
            }
            try top.delete()
            try same(events.all, [], "cleaned up by the call itself")
            await top.deleted()
            try same(events.all, ["0 true", "1 true", "2 true", "top"], "order")
        }
    }

    @Test("OBJ-4: nothing can be added to an object that is being deleted, nor below it")
    func addedLate() throws {
        try onRoot { root, events, _ in
            let top = try events.child("top", of: root)
            let child = try events.child("child", of: top)
            try top.delete()
            for object in [top, child] {
                try same(
                    await code { try object.child("late") }, .invalidDeviceState, "\(object)")
            }
            await top.deleted()
            try same(await code { try child.child("late") }, .invalidDeviceState, "afterwards")
        }
    }

    @Test("OBJ-4, VF-7, VF-41: an object that is deleted twice refuses the second time")
    func twice() throws {
        try onRoot { root, events, _ in
            let object = try events.child("a", of: root)
            try object.delete()
            try same(await code { try object.delete() }, .invalidDeviceState, "at once")
            await object.deleted()
            try same(await code { try object.delete() }, .invalidDeviceState, "afterwards")
            try same(events.all, ["cleanup a"], "events")
        }
    }

    @Test("OBJ-4, OBJ-5: early disposal cleans the subtree up once; deletion then only lets it go")
    func early() throws {
        try onRoot { root, events, bench in
            do {
                let top = try events.child("top", of: root)
                let child = try events.child("child", of: top)
                await top.disposeEarly()
                try same(events.all, ["cleanup child", "cleanup top"], "disposed")
                try check(child.parent === top && top.parent === root, "out of the tree already")
                try top.delete()
                try check(child.parent == nil, "still in the tree")
                try same(events.all.count, 2, "cleaned up again, or destroyed while referred to")
            }
            await bench.settle()
            try same(events.all.count, 4, "\(events.all)")
        }
    }

    @Test("OBJ-6: contexts are kept by type, one each; a second of a type yields the first")
    func contexts() throws {
        try onRoot { root, events, _ in
            let object = try events.child("a", of: root)
            try check(object.context(of: Settings.self) == nil, "there before it was added")
            try same(object.addContext { _ in Settings(volume: 3) }.volume, 3, "first")
            try same(object.addContext { _ in Settings(volume: 4) }.volume, 3, "second")
            object.addContext { _ in "text" }
            try same(object.context(of: Settings.self)?.volume, 3, "found")
            try same(object.context(of: String.self), "text", "found")
            try check(object.context(of: Int.self) == nil, "of no such type")
        }
    }

    @Test("OBJ-6, OBJ-10: a context has a cleanup of its own, knows its object, and is freed last")
    func contextLife() throws {
        try onRoot { root, events, bench in
            do {
                let object = try events.child("a", of: root)
                let note = object.addContext(cleanup: { _ in events.add("cleanup note") }) {
                    Note(of: $0, events)
                }
                try check(note.object === object, "the context's object")
                try object.delete()
                await object.deleted()
                try check(object.context(of: Note.self) === note, "gone before its object")
            }
            await bench.settle()
            try same(
                events.all, ["cleanup a", "cleanup note", "destroy a", "note freed"], "order")
        }
    }

    @Test("OBJ-7: what an object is made of is said once, when it is made")
    func attributes() throws {
        try onRoot { root, events, _ in
            let object = try root.child(
                "a", cleanup: { events.add("cleanup") }, destroy: { events.add("destroy") })
            try same(object.name, "a", "name")
            try same("\(object)", "object a", "description")
            try check(object.scope === root.scope, "the scope is the device's")
        }
    }

    @Test("OBJ-9, VF-40: what the framework owns cannot be deleted by a driver")
    func frameworkOwned() throws {
        try onRoot { root, _, bench in
            try same(await code { try root.delete() }, .invalidRequest, "the device")
            let owned = try root.add("queue", "q", isFrameworkOwned: true)
            try same(await code { try owned.delete() }, .invalidRequest, "a queue")
            try check(!root.isDisposing && !owned.isDisposing, "deleted all the same")
        }
    }

    @Test("OBJ-11, S-6: synchronize runs in the device's scope, and nests without a deadlock")
    func synchronize() throws {
        try onRoot { root, _, bench in
            let device = try bench.device
            let inside = await device.synchronize { device.scope.isCurrent }
            try same(inside, true, "in the scope")
            let nested = await device.synchronize { () -> Bool in
                device.scope.perform {}
                return device.scope.isCurrent
            }
            try same(nested, true, "nested")
        }
    }

    @Test("OBJ-12, OBJ-2: plain objects can hang below timers and work items too")
    func belowOthers() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                let timer = try driver.device.timer("t", for: driver) { _ in }
                driver.device.object.addContext { _ in timer }
            }
        ])
        try onBench(script) { bench in
            _ = try await bench.open()
            let events = Events()
            let root = try bench.device.object
            guard let timer = root.context(of: DeviceTimer.self) else { throw Surprise("no timer") }
            try same(timer.object.parent === root, true, "the timer's parent")
            _ = try events.child("below", of: timer.object)
            try timer.object.delete()
            await timer.object.deleted()
            try same(events.all.first, "cleanup below", "events")
            try check(!timer.start(after: .zero) && !timer.isQueued, "a deleted timer starts")
        }
    }

    @Test(
        "OBJ-3, PNP-6: a device's objects are cleaned up when its queues are purged, before it ends"
    )
    func deviceEnd() throws {
        try onBench { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            let events = Events()
            let (device, journal) = (try bench.device, bench.journal)
            _ = try device.object.child(
                "a",
                cleanup: {
                    events.add("\(journal.has(.queuesPurged)) \(journal.has(.disposed))")
                })
            await plug.unplug()
            await journal.wait(for: .disposed)
            try same(events.all, ["true false"], "cleanup")
            try check(device.object.isDisposing, "the root lives")
        }
    }
}

private struct Settings: Sendable { let volume: Int }

private final class Note: Sendable {
    unowned let object: DriverObject
    private let events: Events
    init(of object: DriverObject, _ events: Events) {
        self.object = object
        self.events = events
    }
    deinit { events.add("note freed") }
}

/// What happened to objects, in order.
///
/// Sendable because it is touched on one simulation's loop at a time.
final class Events: @unchecked Sendable {
    private(set) var all: [String] = []
    func add(_ event: String) { all.append(event) }

    func child(_ name: String, of parent: DriverObject) throws(DeviceError) -> DriverObject {
        try parent.child(
            name, cleanup: { [self] in add("cleanup \(name)") },
            destroy: { [self] in add("destroy \(name)") })
    }
}
