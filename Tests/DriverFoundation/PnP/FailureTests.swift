import Testing
import VirtualUSB

@testable import DriverFoundation

/// Devices that fail, and what follows.
@Suite struct FailureTests {
    @Test("DEV-17, PNP-18, PNP-19: a device that its driver gives up is taken down and made anew")
    func setFailed() throws {
        try onBench { bench in
            let (_, _, file) = try await bench.open()
            let first = try bench.device
            first.setFailed(restarts: true)
            await bench.journal.wait(for: .disposed)
            await bench.journal.next(.started)
            let second = try bench.device
            try check(first !== second, "the same device")
            try bench.journal.expect(
                StartTests.pnp1 + "\n" + """
                    failed
                    suspendSelfManagedIO
                    power-managed queues held
                    preInterruptsDisabled
                    exitD0
                    releaseHardware
                    interfaces disabled
                    power-managed queues purged
                    flushSelfManagedIO
                    hardware closed
                    restart granted
                    all queues purged
                    cleanUpSelfManagedIO
                    disposed
                    """ + "\n" + StartTests.pnp1)
            try same(await code { try await file.write([1]) }, .invalidRequest, "the old file")
            try same(await bench.plugAndPlay.devices().count, 1, "devices")
        }
    }

    @Test(
        "DEV-17, PNP-19: a device that shall not be started again refuses all until its removal")
    func staysFailed() throws {
        try onBench { bench in
            let (plug, _, file) = try await bench.open()
            let device = try bench.device
            device.setFailed(restarts: false)
            await bench.journal.wait(for: .restartRefused)
            try check(device.isFailed, "not failed")
            try check(await code { try await file.write([1]) } != nil, "a write succeeds")
            try same(await code { try await device.suspendNow() }, .invalidDeviceState, "a command")
            try same(
                await code { try await device.withD0 { () throws(DeviceError) in } },
                .invalidDeviceState, "D0")
            await file.close()
            try same(bench.interfaces.all(of: .gadget).count, 0, "interfaces")
            try same(await code { try await device.start() }, .invalidDeviceState, "a start")
            await plug.unplug()
            await bench.journal.wait(for: .disposed)
            try same(
                Array(bench.journal.lines().suffix(4)),
                ["surpriseRemoval", "all queues purged", "cleanUpSelfManagedIO", "disposed"], "end")
        }
    }

    @Test(
        "PNP-19: of a failed device nothing is had: requests and opens fail, children are missing")
    func failedState() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(
                    .sequential, isPowerManaged: false, for: driver, write: { $1.complete(1) })
            }
        ])
        try onBench(script, options: StartTests.withoutRestart) { bench in
            let (plug, _, file) = try await bench.open()
            let device = try bench.device
            let interface = try bench.interface
            try same(try await file.write([1]), 1, "before")
            device.setFailed(restarts: false)
            await bench.journal.wait(for: .restartRefused)
            for _ in 0..<3 {
                try same(await code { try await file.write([1]) }, .removed, "a write")
                try same(await code { try await interface.open() }, .removed, "an open")
            }
            await bench.clock.wait(for: .seconds(600))
            try check(device.isFailed && !bench.journal.has(.disposed), "it does not wait")
            await plug.unplug()
            await file.close()
            await bench.journal.wait(for: .disposed)
        }
        try onBench(drivers: [Toy.self], options: StartTests.withoutRestart) { bench in
            let bus = try await bench.toyBus()
            _ = try await bench.toy(1, in: bus)
            await bus.run { $0.device.setFailed(restarts: false) }
            await bench.settle()
            let story = bench.journal.story
            try check(story.contains("toy 1: surpriseRemoval …"), "the child: \(story)")
            try check(story.contains("toy 1: disposed"), "the child is there")
            try check(!story.contains("ToyBus: disposed"), "the bus is gone")
        }
    }

    @Test("PNP-18: a device that fails at each start is made anew five times in a minute, no more")
    func limit() throws {
        let script = Script([
            .enterD0: { _ throws(DeviceError) in throw DeviceError(.transport) }
        ])
        try onBench(script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .restartRefused)
            func count(_ step: LifecycleStep) -> Int {
                bench.journal.steps().filter { $0 == step }.count
            }
            try same(count(.restartGranted), 5, "restarts")
            try same(count(.startFailed), 6, "starts")
            await bench.clock.wait(for: .seconds(600))
            try same(count(.startFailed), 6, "starts, ten minutes later")
        }
    }

    @Test("PNP-18: after the minute a period begins anew only if the device has worked in between")
    func period() {
        let key = RestartLimit.Key(ports: [1, 2], names: ["7"])
        let other = RestartLimit.Key(ports: [1, 2], names: ["8"])
        func at(_ seconds: Int64) -> Instant {
            Instant(nanoseconds: UInt64(seconds) * 1_000_000_000)
        }
        var limit = RestartLimit()
        func fail(_ key: RestartLimit.Key, _ seconds: [Int64]) -> [Bool] {
            seconds.map { limit.failed(key, at: at($0)) }
        }
        #expect(fail(key, [0, 1, 2, 3, 4, 5]) == [true, true, true, true, true, false])
        #expect(fail(other, [5]) == [true])
        // Never worked: no more.
        #expect(fail(key, [100]) == [false])
        limit.started(key)
        #expect(
            fail(key, [200, 201, 202, 203, 204, 259]) == [true, true, true, true, true, false])
        // It has not worked in this period.
        #expect(fail(key, [261]) == [false])
    }

    @Test("PNP-18: whoever removes a device, or pulls it out, gets no other in its place")
    func noRestart() throws {
        for isPulled in [true, false] {
            let script = Script([
                .flushSelfManagedIO: { await $0.valve.pass() }
            ])
            try onBench(script) { bench in
                let (plug, _) = try await bench.plug()
                await bench.journal.wait(for: .started)
                let device = try bench.device
                device.setFailed(restarts: true)
                await bench.journal.wait(for: .began(.flushSelfManagedIO))
                if isPulled {
                    await plug.unplug()
                    bench.valve.open()
                } else {
                    async let removed: Void = device.remove()
                    await bench.settle()
                    bench.valve.open()
                    try await removed
                }
                await bench.journal.wait(for: .disposed)
                await bench.settle()
                try same(await bench.plugAndPlay.devices().count, 0, "devices")
            }
        }
    }

    @Test(
        "DEV-13, CB-12, SEED-2: each change of each machine's state is told, as the charts have it")
    func stateChanges() throws {
        let told = Told()
        var options = PlugAndPlay.Options()
        options.stateObserver = { _, change in
            if change.moment == .entering { told.changes.append(change) }
        }
        try onBench(seeds: 0..<1, options: options) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            await bench.plugAndPlay.stop()
        }
        for machine in [DeviceMachine.plugAndPlay, .power, .powerPolicy, .selfManagedIO] {
            let changes = told.changes.filter { $0.machine == machine }
            #expect(!changes.isEmpty)
            // Each begins where the one before has ended.
            for (one, next) in zip(changes, changes.dropFirst()) { #expect(one.to == next.from) }
        }
        let pnp = told.changes.filter { $0.machine == .plugAndPlay }
        #expect(pnp.first?.description == "plugAndPlay: created → addingDevice")
        #expect(pnp.contains { $0.to == "started" })
        #expect(pnp.last?.to == "final")
    }
}

/// Sendable because a simulation runs on one thread.
private final class Told: @unchecked Sendable { var changes: [StateChange] = [] }
