import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// Whether anything of a device stays when it has gone.
@Suite struct LeakTests {
    private static let script = Script([
        .deviceAdd: { driver in
            driver.queues = [driver.device.queue(.manual)]
            driver.device.queue(
                .parallel(limit: 3), for: driver, write: { $1.complete(1) },
                deviceControl: { $1.forward(to: $0.queues[0]) })
        },
        .prepareHardware: { driver throws(DeviceError) in
            driver.output = try await driver.device.pipe(0x01)
            driver.input = try await driver.device.pipe(0x82)
            driver.reader = try driver.input?.continuousReader(for: driver) { driver, bytes in
                driver.received.append(bytes.copy())
            }
        },
        .enterD0: { $0.reader?.start() },
        .exitD0: { await $0.reader?.stop() },
    ])

    @Test("OBJ-13: after a hundred replugs nothing of them is left", arguments: UnplugKind.allCases)
    func replugs(kind: UnplugKind) throws {
        try onBench(seeds: 0..<3, Self.script) { bench in
            let remains = Remains()
            let (plug, _) = try await bench.plug()
            for round in 0..<100 {
                let file = try await bench.interfaces.open(.gadget)
                try await remains.add(bench)
                try await file.write([1])
                let waiting = bench.client { try await file.control(1).information }
                if round % 3 == 0 { await bench.settle() }
                if round % 5 == 4 {
                    let device = try bench.device
                    try await device.remove()
                    await plug.unplug(pending: kind)
                } else {
                    await plug.unplug(pending: kind)
                    await file.close()
                }
                try check(await waiting.value.code != nil, "the waiting request has succeeded")
                try await plug.replug()
                await bench.journal.next(.started)
            }
            await plug.unplug()
            await bench.settle()
            try same(remains.names, [], "left")
            try same(await bench.plugAndPlay.devices().count, 0, "devices")
        }
    }

    @Test(
        "DEV-14: a start that fails leaves nothing either",
        arguments: [
            DriverCallback.deviceAdd, .prepareHardware, .enterD0,
        ])
    func failedStart(callback: DriverCallback) throws {
        let remains = Remains()
        let failing = Script([
            callback: { driver throws(DeviceError) in try driver.fail(noting: remains) }
        ])
        let script = Script(Self.script.steps.merging(failing.steps) { $1 })
        try onBench(seeds: 0..<1, script) { bench in
            let (plug, _) = try await bench.plug()
            for _ in 0..<10 {
                await bench.clock.wait(for: .seconds(1))
                try await plug.replug()
            }
            await bench.clock.wait(for: .seconds(1))
            await plug.unplug()
            await bench.settle()
            try same(remains.names, [], "left")
        }
    }

    @Test("a driver's deinit may look at its device")
    func driverDeinit() throws {
        try onBench(seeds: 0..<4, drivers: [LookingDriver.self]) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            await plug.unplug()
            await bench.journal.wait(for: .disposed)
        }
    }
}

private actor LookingDriver: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let device: Device
    init(device: Device) async throws(DeviceError) { self.device = device }
    deinit { precondition(device.isGone) }
}

/// Weak references to what should go.
///
/// Sendable because it is touched on one simulation's loop at a time.
private final class Remains: @unchecked Sendable {
    private struct Entry {
        let name: String
        weak var object: AnyObject?
    }
    private var entries: [Entry] = []

    var names: [String] { entries.filter { $0.object != nil }.map(\.name) }

    func add(_ bench: Bench) async throws {
        let driver = try bench.driver
        await driver.list(in: self)
        add(driver.device.state.value.hardware, "hardware")
    }

    func add(_ object: AnyObject?, _ name: String) {
        entries.append(Entry(name: name, object: object))
    }

    func add(_ driver: isolated ScriptedDriver) {
        add(driver, "driver")
        add(driver.device, "device")
        add(driver.reader, "reader")
        add(driver.input, "input")
        add(driver.input?.core, "input's core")
        for queue in driver.queues + driver.device.state.value.queues { add(queue, "queue") }
    }
}

extension ScriptedDriver {
    fileprivate func list(in remains: Remains) { remains.add(self) }

    fileprivate func fail(noting remains: Remains) throws(DeviceError) {
        remains.add(self)
        throw DeviceError(.failed)
    }
}
