import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// The handlers that the founding texts name, in one driver.
@Suite struct SixHandlersTests {
    @Test("SEED-2, SEED-18, CB-12: all six named handlers are called, each in its place")
    func six() throws {
        try onBench(drivers: [SixHandlers.self]) { bench in
            let (plug, gadget, file) = try await bench.open()
            guard let driver = try bench.device.state.value.driver as? SixHandlers else {
                throw Surprise("no driver")
            }
            await gadget.send([7], on: 0x83)
            try same(try await file.read(upTo: 4), [1], "read")
            try same(try await file.control(5).information, 5, "device control")
            await bench.settle()
            let expected = [
                "EvtDevicePrepareHardware", "EvtDevicePnpStateChange started",
                "EvtInterruptDpc [7]",
                "EvtIoRead", "EvtIoDeviceControl",
            ]
            let noted = await driver.noted
            try same(Set(noted.filter { expected.contains($0) }), Set(expected), "\(noted)")
            try same(driver.decoded.value, [7], "EvtInterruptIsr")
            await plug.unplug()
            await file.close()
        }
    }

    @Test("DEV-13: a driver is told of each change of the machines it asked for, in order")
    func stateChanges() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                try driver.device.onStateChange(of: [.plugAndPlay], for: driver) { driver, change in
                    await driver.device.clock.wait(for: .microseconds(1))
                    driver.notes.append("\(change.machine) \(change.from)→\(change.to)")
                }
                try driver.device.onStateChange(of: [.power], for: driver) { driver, change in
                    driver.failures.append(.failed)
                }
            }
        ])
        try onBench(script) { bench in
            _ = try await bench.open()
            await bench.settle()
            let driver = try bench.driver
            let changes = await driver.notes.filter { $0.hasPrefix("plugAndPlay") }
            try check(changes.count >= 4, "\(changes)")
            try check(changes.last?.hasSuffix("→started") == true, "\(changes)")
            for (first, second) in zip(changes, changes.dropFirst()) {
                let entered = first.split(separator: "→").last.map(String.init)
                let left = second.dropFirst("plugAndPlay ".count).split(separator: "→").first
                try same(entered, left.map(String.init), "a state was left out")
            }
            try check(await driver.failures.count >= 2, "the power machine")
        }
    }

    @Test("DEV-13: an observer that never returns alters nothing, and ends with its device")
    func stuckObserver() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                try driver.device.onStateChange(for: driver) { driver, _ in
                    while !driver.device.isGone {
                        await driver.device.clock.wait(for: .milliseconds(1))
                    }
                }
            }
        ])
        try onBench(seeds: 0..<8, script) { bench in
            let (plug, _, file) = try await bench.open()
            await plug.unplug()
            await file.close()
            await bench.journal.wait(for: .disposed)
        }
    }
}

/// A driver with the six handlers, and what it was asked.
private actor SixHandlers: FunctionDriver {
    static let matches: [DeviceMatch] = [.any]

    nonisolated let device: Device
    nonisolated let decoded: LoopConfined<[UInt8]>
    var noted: [String] = []

    init(device: Device) async throws(DeviceError) {
        self.device = device
        decoded = LoopConfined(on: device.loop, [])
        device.register(.gadget)
        try device.onStateChange(for: self) { $0.noted.append("EvtDevicePnpStateChange \($1.to)") }
        device.queue(
            .sequential, for: self, read: { $0.read($1) }, deviceControl: { $0.deviceControl($1) })
        let decoded = decoded
        try device.interruptSource(
            on: [0x83], for: self,
            isr: { _, bytes in
                let button = bytes.byte(at: 0) ?? 0
                decoded.value.append(button)
                return .queueDPC(button)
            },
            dpc: { $0.noted.append("EvtInterruptDpc \($1)") })
    }

    func prepareHardware() async throws(DeviceError) { noted.append("EvtDevicePrepareHardware") }

    private func read(_ request: consuming Request) {
        noted.append("EvtIoRead")
        request.complete(with: [1])
    }

    private func deviceControl(_ request: consuming Request) {
        noted.append("EvtIoDeviceControl")
        request.complete(5)
    }
}
