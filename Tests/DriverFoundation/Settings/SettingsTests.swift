import DriverSimulation
import Foundation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// Settings: C-3, DRV-5, DEV-19.
@Suite struct SettingsTests {
    @Test(
        "C-3, DEV-19: values are typed; an absent one is not found, one of another kind a mismatch")
    func types() throws {
        try onBench(seeds: 0..<4) { bench in
            _ = try await bench.open()
            let key = try await (try bench.device).settings()
            try same(await code { try key.value("speed", as: Int.self) }, .notFound, "absent")
            try await key.assign(7, to: "speed")
            try await key.assign("high", to: "mode")
            try await key.assign(["a", ""], to: "names")
            try await key.assign([1, 2] as [UInt8], to: "mask")
            try await key.assign(true, to: "on")
            try same(try key.value("speed"), 7, "integer")
            try same(try key.value("mode"), "high", "string")
            try same(try key.value("names"), ["a", ""], "strings")
            try same(try key.value("mask"), [1, 2] as [UInt8], "bytes")
            try same(try key.value("on"), true, "bool")
            try same(await code { try key.value("speed", as: String.self) }, .typeMismatch, "int")
            try same(await code { try key.value("names", as: [UInt8].self) }, .typeMismatch, "list")
            try same(await code { try key.value("speed", as: Bool.self) }, .typeMismatch, "7")
            try await key.assign(-1, to: "speed")
            try same(await code { try key.value("speed", as: UInt32.self) }, .typeMismatch, "-1")
            try await key.remove("speed")
            try same(await code { try key.value("speed", as: Int.self) }, .notFound, "removed")
            try same(key.names, ["mask", "mode", "names", "on"], "names")
        }
    }

    @Test("DEV-19, C-3: a device finds its settings again after a replug; keys have keys below")
    func replug() throws {
        try onBench(seeds: 0..<4) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            let key = try await (try bench.device).settings()
            try await key.key("lamp").assign(5, to: "level")
            try same(key.path.names.prefix(2), ["devices", "usb:1209:0001"], "path")
            await plug.unplug()
            try await plug.replug()
            await bench.journal.next(.started)
            let again = try await (try bench.device).settings()
            try same(again.path, key.path, "path")
            try same(try await again.key("lamp").value("level"), 5, "level")
            try same(again.names, [], "names")
        }
    }

    @Test(
        "DRV-5: a driver's settings are one key for all its devices; absent values do not fail it")
    func ofDriver() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                let key = try await driver.device.driverSettings(for: driver)
                let starts = (try? key.value("starts", as: Int.self)) ?? 0
                try await key.assign(starts + 1, to: "starts")
                driver.notes.append("\(key.path) \(starts)")
            }
        ])
        // The settings of all seeds are one store's.
        try onBench(seeds: 0..<1, script) { bench in
            for round in 0..<3 {
                let (plug, _, file) = try await bench.open()
                try same(
                    await bench.driver.notes[0], "drivers/ScriptedDriver \(round)", "settings")
                await plug.unplug()
                await file.close()
                await bench.settle()
            }
        }
    }

    @Test("C-3: changes that are made at once are kept in turn; one that fails changes nothing")
    func concurrent() throws {
        try onBench(seeds: 0..<24) { bench in
            _ = try await bench.open()
            let device = try bench.device
            let store = SlowStore(device.clock)
            let key = SettingsKey(SettingsPath(["k"]), in: store, of: device, [:])
            let changes = (0..<6).map { number in
                bench.client { try await key.assign(number, to: "n\(number)") }
            }
            for change in changes { _ = await change.value }
            let kept = store.saved.value
            try same(kept.keys.sorted(), key.names, "kept")
            try same(kept.count, 5, "all but the one that failed")
        }
    }

    @Test("C-3, DRV-5: files keep every value of every name, and replace the old ones at once")
    func files() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID())").path()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = FileSettings(folder: folder + "/deep/down")
        let path = SettingsPath(["devices", "../../etc", "serial /\u{0}…"])
        #expect(try await store.load(path) == nil)
        var random = SeededGenerator(seed: 5)
        for _ in 0..<50 {
            let table = Self.table(&random)
            try await store.save(table, to: path)
            #expect(try await store.load(path) == table)
        }
        let long = SettingsPath([String(repeating: "ß", count: 400)])
        let longer = SettingsPath([String(repeating: "ß", count: 401)])
        try await store.save(["a": .integer(1)], to: long)
        #expect(try await store.load(longer) == nil)
        #expect(try await store.load(long) == ["a": .integer(1)])
        try await store.save(nil, to: long)
        #expect(try await store.load(long) == nil)
        let found = try FileManager.default.subpathsOfDirectory(atPath: folder)
        #expect(!found.contains { $0.hasSuffix(".new") })
        #expect(found.filter { $0.hasSuffix(".settings") }.count == 1)
    }

    @Test("C-3: a file that is no settings is refused with its line, whatever it holds")
    func malformed() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID())").path()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = FileSettings(folder: folder)
        let path = SettingsPath(["k"])
        try await store.save(["name": .strings(["a b", ""])], to: path)
        let file = URL(filePath: folder + "/k.settings")
        let good = try Data(contentsOf: file)
        #expect(String(decoding: good, as: UTF8.self) == "\"name\" strings \"a%20b\" \"\"\n")
        for text in [
            "x", "\"a\" integer 1x", "\"a\" string \"%2\"", "\"a\" bytes \"0\"", "\"a\" integer",
        ] {
            try Data(("# a comment\n\n" + text).utf8).write(to: file)
            let error = await #expect(throws: DeviceError.self) { try await store.load(path) }
            let message = error?.message ?? ""
            #expect(message.contains("line 3"))
        }
        var random = SeededGenerator(seed: 9)
        for _ in 0..<300 {
            var bytes = [UInt8](good + good)
            for _ in 0...random.next(below: 4) {
                bytes[random.next(below: bytes.count)] = UInt8(random.next(below: 256))
            }
            try Data(bytes).write(to: file)
            _ = try? await store.load(path)
        }
    }

    private static func text(_ random: inout SeededGenerator) -> String {
        let characters = Array("a\" %\n\u{0}é/.")
        return String(
            (0..<random.next(below: 9)).map { _ in characters[random.next(below: characters.count)]
            })
    }

    private static func table(_ random: inout SeededGenerator) -> SettingsTable {
        var table: SettingsTable = [:]
        for _ in 0..<random.next(below: 6) {
            let name = text(&random)
            table[name] =
                switch random.next(below: 4) {
                case 0: .integer([0, -1, .min, .max][random.next(below: 4)])
                case 1: .string(text(&random))
                case 2: .strings((0..<random.next(below: 3)).map { _ in text(&random) })
                default: .bytes((0..<random.next(below: 20)).map { UInt8($0 * 13) })
                }
        }
        return table
    }
}

/// Takes its time, and fails the third change.
private final class SlowStore: SettingsStore {
    let clock: LoopClock
    let saved: Box<SettingsTable>
    private let count = Box(0)
    init(_ clock: LoopClock) {
        self.clock = clock
        saved = Box([:])
    }
    func load(_ path: SettingsPath) async throws(DeviceError) -> SettingsTable? { nil }
    func save(_ table: SettingsTable?, to path: SettingsPath) async throws(DeviceError) {
        count.value += 1
        let number = count.value
        await clock.wait(for: .microseconds(10 - number))
        if number == 3 { throw DeviceError(.failed) }
        saved.value = table ?? [:]
    }
}

/// Sendable because it is touched on one simulation's loop at a time.
private final class Box<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
}
