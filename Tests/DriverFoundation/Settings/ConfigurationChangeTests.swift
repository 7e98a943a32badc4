import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// All or nothing: SEED-22.
@Suite struct ConfigurationChangeTests {
    @Test("SEED-22: a change of alternate setting and settings is done as a whole")
    func done() throws {
        try onBench { bench in
            let (_, gadget, _) = try await bench.open()
            let device = try bench.device
            let key = try await device.settings()
            var change = ConfigurationChange()
            change.select(1, of: 0, on: device)
            change.assign("wide", to: "mode", in: key)
            try await change.commit()
            try same(await gadget.settings, [1], "settings selected")
            try same(try key.value("mode"), "wide", "mode")
        }
    }

    @Test("SEED-22: whichever step fails, those before it are undone in reverse, and it is named")
    func rolledBack() throws {
        try onBench(seeds: 0..<4) { bench in
            let (_, gadget, _) = try await bench.open()
            let device = try bench.device
            let key = try await device.settings()
            try await key.assign("narrow", to: "mode")
            for failing in 0..<4 {
                let events = Events()
                var change = ConfigurationChange()
                for number in 0..<4 {
                    if number == 2 { change.select(1, of: 0, on: device) }
                    if number == 3 {
                        change.assign("wide", to: "mode", in: key)
                        change.assign(1, to: "new", in: key)
                    }
                    change.add(
                        "step \(number)",
                        { () throws(DeviceError) in
                            if number == failing { throw DeviceError(.busy, "No.") }
                            events.add("do \(number)")
                        }, undo: { events.add("undo \(number)") })
                }
                do throws(DeviceError) {
                    try await change.commit()
                    throw DeviceError(.failed)
                } catch {
                    try same(error.code, .busy, "code")
                    try same(error.message, "step \(failing): No.", "message")
                }
                try same(
                    events.all,
                    (0..<failing).map { "do \($0)" }
                        + (0..<failing).reversed().map { "undo \($0)" },
                    "steps")
                try same(await device.alternateSetting(of: 0), 0, "setting")
                try same(try key.value("mode"), "narrow", "mode")
                try check(key["new"] == nil, "assigned")
            }
            try same(await gadget.settings, [1, 0, 1, 0], "selected and taken back")
        }
    }

    @Test("SEED-22: a step that cannot be undone is reported, and keeps no other from being undone")
    func notUndone() throws {
        try onBench(seeds: 0..<2) { bench in
            _ = try await bench.open()
            let events = Events()
            var change = ConfigurationChange()
            change.add("first", {}, undo: { events.add("undo first") })
            change.add(
                "second", {},
                undo: { () throws(DeviceError) in throw DeviceError(.stalled, "Halted.") }
            )
            change.add(
                "third", { () throws(DeviceError) in throw DeviceError(.failed, "Broken.") },
                undo: {})
            do throws(DeviceError) {
                try await change.commit()
                throw DeviceError(.busy)
            } catch {
                try same(
                    error.message, "third: Broken. second could not be undone: Halted.", "message")
            }
            try same(events.all, ["undo first"], "undone")
        }
    }
}
