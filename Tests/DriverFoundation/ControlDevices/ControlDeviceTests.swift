import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// Devices without Plug and Play or power (CD-1).
@Suite struct ControlDeviceTests {
    @Test("CD-1: a control device can be opened from finishInitializing() on, whatever the power")
    func opens() throws {
        try onBench { bench in
            let control = try await bench.plugAndPlay.addControlDevice(StatusDriver.self)
            try same(bench.interfaces.all(of: .status).count, 0, "before")
            await bench.run { control.finishInitializing() }
            let file = try await bench.interfaces.open(.status)
            try same(try await file.control(1).information, 17, "the answer")
            await file.close()
        }
    }

    @Test("CD-1: an open of a name that is not finished is refused")
    func notFinished() throws {
        try onBench(seeds: 0..<1) { bench in
            let control = try await bench.plugAndPlay.addControlDevice(StatusDriver.self)
            try same(await code { try await control.device.open(FileOpening()) }, .removed, "open")
        }
    }

    @Test("CD-1: deleted, it refuses opens and cancels what waits; open files keep it until closed")
    func deletion() throws {
        try onBench { bench in
            let control = try await bench.plugAndPlay.addControlDevice(StatusDriver.self)
            await bench.run { control.finishInitializing() }
            let file = try await bench.interfaces.open(.status)
            let waiting = bench.client { try await file.control(2).information }
            await bench.settle()
            await bench.run {
                control.delete()
                control.delete()
            }
            switch await waiting.value {
            case .success: throw Surprise("it has succeeded")
            case .failure(let error): try same(error.code, .removed, "what waited")
            }
            try same(bench.interfaces.all(of: .status).count, 0, "interfaces")
            await bench.settle()
            try check(!control.isEnded, "it ended under an open file")
            try same(await code { try await file.control(1) }, .removed, "a request afterwards")
            await file.close()
            await bench.settle()
            try check(control.isEnded, "it lives on")
        }
    }

    @Test("CD-1, CB-11: when the program ends it is told before any device goes, and deleted after")
    func shutdown() throws {
        try onBench { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let control = try await bench.plugAndPlay.addControlDevice(StatusDriver.self)
            let driver = control.device.state.value.stack.control?.driver as? StatusDriver
            await bench.run { control.finishInitializing() }
            let file = try await bench.interfaces.open(.status)
            await driver?.watch { bench.journal.has(.disposed) }
            await bench.plugAndPlay.stop()
            try same(await driver?.told, ["shutdown, devices there"], "told")
            try check(control.isEnded, "it lives on")
            await file.close()
        }
    }

    @Test("CD-1: a driver whose init throws has no control device")
    func failure() throws {
        try onBench(seeds: 0..<1) { bench in
            try same(
                await code { try await bench.plugAndPlay.addControlDevice(NoDriver.self) }, .busy,
                "the error")
            try same(bench.interfaces.all(of: .status).count, 0, "interfaces")
        }
    }

    @Test("CD-1: a control device that a device's driver made goes with the device")
    func goesWithItsMaker() throws {
        let script = Script([
            .deviceAdd: { driver in
                let control = driver.device.addControlDevice(named: "side door")
                control.register(.status)
                control.queue(.parallel(limit: 1), for: driver, other: { $1.complete(3) })
                control.finishInitializing()
            },
            // The device is not in D0 for long; its control device does not care.
            .enterD0: { await $0.valve.pass() },
        ])
        try onBench(script) { bench in
            let (plug, _) = try await bench.plug()
            let file = try await bench.interfaces.open(.status)
            try same(try await file.control(1).information, 3, "before D0")
            bench.valve.open()
            await bench.journal.wait(for: .started)
            await plug.unplug()
            await bench.journal.wait(for: .disposed)
            await bench.settle()
            try same(bench.interfaces.all(of: .status).count, 0, "interfaces")
            try same(await code { try await file.control(1) }, .removed, "afterwards")
            await file.close()
        }
    }
}

extension DeviceInterfaceClass {
    fileprivate static let status: DeviceInterfaceClass = "org.driver-foundation.test.status"
}

extension ControlDevice {
    fileprivate var isEnded: Bool { device.state.value.parts.isDisposed }
}

extension Bench {
    /// Runs `body` on the loop.
    func run(_ body: @escaping @Sendable () -> Void) async {
        await simulation.loop.perform(body)
    }
}

/// Answers control 1 at once, and keeps everything else.
private actor StatusDriver: ControlDriver {
    nonisolated let control: ControlDevice
    private(set) var told: [String] = []
    private let kept: RequestQueue
    private var hasDeviceGone: (@Sendable () -> Bool)?

    init(control: ControlDevice) async throws(DeviceError) {
        self.control = control
        kept = control.queue(.manual)
        control.register(.status)
        control.queue(
            .parallel(limit: 4), for: self,
            deviceControl: { driver, request in
                if request.code == 1 { return request.complete(17) }
                request.forward(to: driver.kept)
            })
        control.onShutdown { [weak self] in await self?.shutDown() }
    }

    func watch(_ hasDeviceGone: @escaping @Sendable () -> Bool) {
        self.hasDeviceGone = hasDeviceGone
    }

    private func shutDown() {
        told.append("shutdown, devices \(hasDeviceGone?() == false ? "there" : "gone")")
    }
}

private actor NoDriver: ControlDriver {
    nonisolated let control: ControlDevice
    init(control: ControlDevice) async throws(DeviceError) {
        self.control = control
        control.register("org.driver-foundation.test.none")
        throw DeviceError(.busy)
    }
}
