import Testing
import VirtualUSB

@testable import DriverFoundation

/// A layer that writes down what it is told, and fails where its test wants.
private final class NotingLayer: DriverLayer {
    enum Hook: Hashable, Sendable { case before, after }
    private struct State { var notes: [String] = [] }

    private let name: String
    private let failing: (Hook, DriverCallback)?
    private let notes: LoopConfined<[String]>

    init(_ name: String, failing: (Hook, DriverCallback)?, _ notes: LoopConfined<[String]>) {
        self.name = name
        self.failing = failing
        self.notes = notes
    }

    private func note(_ hook: Hook, _ call: DriverCall) throws(DeviceError) {
        notes.value.append("\(name).\(hook) \(call.callback.rawValue)")
        if let failing, failing == (hook, call.callback) {
            throw DeviceError(.failed, "\(name) had to fail.")
        }
    }

    func before(_ call: DriverCall, on device: Device) async throws(DeviceError) {
        try note(.before, call)
    }
    func after(_ call: DriverCall, on device: Device) async throws(DeviceError) {
        try note(.after, call)
    }
    func cleanUp(after call: DriverCall, on device: Device) async {
        notes.value.append("\(name).cleanUp \(call.callback.rawValue)")
    }
}

@Suite struct LayerTests {
    /// What two layers, A outside B, and the driver see of a device's life.
    private func life(
        failing: (layer: String, NotingLayer.Hook, DriverCallback)? = nil,
        driverThrows: DriverCallback? = nil, of callback: DriverCallback
    ) throws -> [String] {
        let kept = Kept()
        var steps: [DriverCallback: Script.Step] = [:]
        for each in DriverCallback.allCases where each != .deviceAdd {
            let step: Script.Step = { driver throws(DeviceError) in
                kept.notes?.value.append("driver \(each.rawValue)")
                if each == driverThrows { throw DeviceError(.stalled) }
            }
            steps[each] = step
        }
        let add: Script.Step = { driver throws(DeviceError) in
            let notes = LoopConfined<[String]>(on: driver.device.loop, [])
            kept.notes = notes
            for name in ["B", "A"] {
                driver.device.add(
                    NotingLayer(
                        name, failing: failing?.layer == name ? (failing!.1, failing!.2) : nil,
                        notes))
            }
        }
        steps[.deviceAdd] = add
        try onBench(seeds: 0..<1, Script(steps), options: StartTests.withoutRestart) { bench in
            _ = try await bench.plug()
            await bench.settle()
            await bench.plugAndPlay.stop()
            kept.result = kept.notes?.value ?? []
        }
        return kept.result.filter { $0.hasSuffix(" \(callback.rawValue)") }.map {
            String($0.dropLast(callback.rawValue.count + 1))
        }
    }

    @Test(
        "CX-1: layers enclose each callback of the driver: outside in, then inside out",
        arguments: [
            DriverCallback.prepareHardware, .enterD0, .postInterruptsEnabled,
            .initializeSelfManagedIO, .suspendSelfManagedIO, .preInterruptsDisabled, .exitD0,
            .releaseHardware, .flushSelfManagedIO, .cleanUpSelfManagedIO,
        ])
    func order(callback: DriverCallback) throws {
        #expect(
            try life(of: callback) == ["A.before", "B.before", "driver", "B.after", "A.after"])
    }

    @Test(
        "CX-1: a stateful before that throws keeps the call from the driver; those before clean up")
    func beforeFails() throws {
        #expect(
            try life(failing: ("B", .before, .enterD0), of: .enterD0)
                == ["A.before", "B.before", "A.cleanUp"])
        #expect(try life(failing: ("B", .before, .enterD0), of: .exitD0) == [])
    }

    @Test(
        "CX-1: a driver that throws from a stateful call is followed by the layers' clean-up",
        arguments: [
            DriverCallback.enterD0, .postInterruptsEnabled, .initializeSelfManagedIO,
        ])
    func driverFails(callback: DriverCallback) throws {
        #expect(
            try life(driverThrows: callback, of: callback)
                == ["A.before", "B.before", "driver", "B.cleanUp", "A.cleanUp"])
    }

    @Test("CX-1, PNP-12: not after prepareHardware, whose release follows")
    func prepareFails() throws {
        #expect(
            try life(driverThrows: .prepareHardware, of: .prepareHardware)
                == ["A.before", "B.before", "driver"])
        #expect(
            try life(driverThrows: .prepareHardware, of: .releaseHardware)
                == ["A.before", "B.before", "driver", "B.after", "A.after"])
    }

    @Test("CX-1: when an after throws, what the driver did is undone, and the layers clean up")
    func afterFails() throws {
        #expect(
            try life(failing: ("B", .after, .enterD0), of: .enterD0)
                == ["A.before", "B.before", "driver", "B.after", "B.cleanUp", "A.cleanUp"])
        #expect(try life(failing: ("B", .after, .enterD0), of: .exitD0) == ["driver"])
    }

    @Test("VF-48, DEV-1: what belongs into a driver's init traps when it comes later")
    func tooLate() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            try onBench(seeds: 0..<1) { bench in
                _ = try await bench.plug()
                await bench.journal.wait(for: .started)
                let device = try bench.device
                let notes = LoopConfined<[String]>(on: device.loop, [])
                device.add(NotingLayer("late", failing: nil, notes))
            }
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("DEV-1: a layer is put around the driver"))
    }

    @Test("GAP-4: what composes a driver lives as long as its device")
    func lives() throws {
        let kept = Kept()
        let add: Script.Step = { driver throws(DeviceError) in
            let notes = LoopConfined<[String]>(on: driver.device.loop, [])
            let layer = NotingLayer("A", failing: nil, notes)
            kept.layer = layer
            driver.device.add(layer)
        }
        try onBench(seeds: 0..<1, Script([.deviceAdd: add])) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            try check(kept.layer != nil, "it is gone")
            try await bench.device.remove()
            await bench.settle()
            try check(kept.layer == nil, "it lives on")
        }
    }

    @Test("CX-1: a stateless call reaches everybody, whatever throws, and the first error counts")
    func stateless() throws {
        for hook in [NotingLayer.Hook.before, .after] {
            #expect(
                try life(failing: ("A", hook, .exitD0), driverThrows: .exitD0, of: .exitD0)
                    == ["A.before", "B.before", "driver", "B.after", "A.after"])
        }
    }
}

/// Sendable because a simulation runs on one thread.
private final class Kept: @unchecked Sendable {
    var notes: LoopConfined<[String]>?
    var result: [String] = []
    weak var layer: (any DriverLayer)?
}
