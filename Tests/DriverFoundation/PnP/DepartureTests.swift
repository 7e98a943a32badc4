import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// Golden logs of surprise removals.
@Suite struct DepartureTests {
    static let pnp8 = """
        surpriseRemoval
        suspendSelfManagedIO
        power-managed queues held
        preInterruptsDisabled
        (where there are any: interrupts disabled)
        exitD0
        releaseHardware
        interfaces disabled
        power-managed queues purged
        flushSelfManagedIO
        hardware closed
        all queues purged
        cleanUpSelfManagedIO
        disposed
        """

    @Test("PNP-8: surprise removal of a started device", arguments: UnplugKind.allCases)
    func started(kind: UnplugKind) throws {
        try onBench { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            await plug.unplug(pending: kind)
            await bench.journal.wait(for: .disposed)
            try bench.journal.expect(StartTests.pnp1 + "\n" + Self.pnp8)
            try same(bench.interfaces.all(of: .gadget).count, 0, "interfaces")
            try same(bench.journal.errors, [], "errors")
        }
    }

    @Test("PNP-8, F-5: the device stays until its clients have closed it, and takes no open")
    func openFiles() throws {
        try onBench { bench in
            let (plug, _, file) = try await bench.open()
            let interface = bench.interfaces.all(of: .gadget)[0]
            await plug.unplug()
            await bench.journal.wait(for: .queuesPurged)
            await bench.settle()
            try check(!bench.journal.has(.disposed), "disposed under an open file")
            try same(await code { try await interface.open() }, .removed, "open")
            try same(await code { try await file.write([1]) }, .removed, "write")
            await file.close()
            await bench.journal.wait(for: .disposed)
            try bench.journal.expect(StartTests.pnp1 + "\n" + Self.pnp8)
        }
    }

    @Test("F-2: a client that lets its file go without closing it does not keep the device")
    func droppedFile() throws {
        try onBench { bench in
            var file: DeviceFile? = try await bench.open().file
            let interface = bench.interfaces.all(of: .gadget)[0]
            try check(file != nil, "no file")
            await bench.settle()
            let device = try bench.device
            try same(device.state.value.files.count, 1, "files")
            file = nil
            await bench.settle()
            try same(device.state.value.files.count, 0, "files")
            _ = try await interface.open()
            try await device.remove()
        }
    }

    /// The steps around a departure while `callback` is suspended, in the order of PNP-1.
    @Test(
        "PNP-8: a departure during a callback waits for its end; then every callback has its pair",
        arguments: [
            DriverCallback.deviceAdd, .prepareHardware, .enterD0, .queryRemove, .exitD0,
            .releaseHardware, .surpriseRemoval,
        ], UnplugKind.allCases)
    func during(callback: DriverCallback, kind: UnplugKind) throws {
        let script = Script([callback: { await $0.valve.pass() }])
        try onBench(seeds: 0..<8, script) { bench in
            let (plug, _) = try await bench.plug()
            if callback.isOnTheWayOut {
                await bench.journal.wait(for: .started)
                let device = try bench.device
                bench.simulation.scope(named: "remover").task { try? await device.remove() }
            }
            if callback == .surpriseRemoval {
                await bench.journal.wait(for: .started)
            } else {
                await bench.journal.wait(for: .began(callback))
            }
            await plug.unplug(pending: kind)
            if callback == .surpriseRemoval { await bench.journal.wait(for: .began(callback)) }
            await bench.settle()
            try check(!bench.journal.has(.returned(callback)), "\(callback) has returned")
            bench.valve.open()
            await bench.journal.wait(for: .disposed)
            try Self.expectPairs(bench.journal.steps())
        }
    }

    @Test(
        "PNP-8: a departure during a callback that then fails",
        arguments: [
            DriverCallback.deviceAdd, .prepareHardware, .enterD0, .queryRemove, .exitD0,
            .releaseHardware,
        ])
    func duringFailing(callback: DriverCallback) throws {
        let script = Script([
            callback: { driver throws(DeviceError) in
                await driver.valve.pass()
                throw DeviceError(.removed)
            }
        ])
        try onBench(seeds: 0..<8, script) { bench in
            let (plug, _) = try await bench.plug()
            if callback.isOnTheWayOut {
                await bench.journal.wait(for: .started)
                let device = try bench.device
                bench.simulation.scope(named: "remover").task { try? await device.remove() }
            }
            await bench.journal.wait(for: .began(callback))
            await plug.unplug()
            await bench.settle()
            bench.valve.open()
            await bench.journal.wait(for: .disposed)
            try Self.expectPairs(bench.journal.steps())
        }
    }

    @Test(
        "PNP-8, CB-6: a departure while the device returns to D0 is noticed at once, frees nothing")
    func noticedDuringReturn() throws {
        let script = IdleTests.script([
            .enterD0: { driver in
                if driver.notes.last == "enterD0(from: d3)" { await driver.valve.pass() }
            }
        ])
        try onBench(script) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            await bench.clock.wait(for: .seconds(3))
            let waking = bench.client { try await device.wakeNow() }
            await bench.settle()
            try same(bench.journal.steps().count { $0 == .began(.enterD0) }, 2, "on its way")
            await plug.unplug()
            await bench.journal.wait(for: .returned(.surpriseRemoval))
            await bench.settle()
            try same(bench.journal.steps().count { $0 == .returned(.enterD0) }, 1, "entries")
            try check(!bench.journal.has(.hardwareClosed), "the hardware is given back")
            bench.valve.open()
            await bench.journal.wait(for: .disposed)
            _ = await waking.value
            try same(bench.journal.steps().count { $0 == .began(.surpriseRemoval) }, 1, "notices")
            try Self.expectPairs(bench.journal.steps())
        }
    }

    @Test("PNP-8, CB-6: a departure during an orderly D0Exit is noticed at once, beside it")
    func noticedDuringExit() throws {
        let script = Script([.exitD0: { await $0.valve.pass() }])
        try onBench(script) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            let device = try bench.device
            async let removed: Void = device.remove()
            await bench.journal.wait(for: .began(.exitD0))
            await plug.unplug()
            await bench.journal.wait(for: .returned(.surpriseRemoval))
            try check(!bench.journal.has(.returned(.exitD0)), "exitD0 has returned")
            bench.valve.open()
            try await removed
            try Self.expectPairs(bench.journal.steps())
        }
    }

    @Test(
        "PNP-8: what a callback waits for on the device ends with `.removed`",
        arguments: [
            UnplugKind.endWithError, .endAfterDeparture, .vanish,
        ])
    func waitingCallback(kind: UnplugKind) throws {
        let script = Script([
            .enterD0: { driver throws(DeviceError) in
                _ = try await driver.device.pipe(0x82).read(upTo: 512)
            }
        ])
        try onBench(script) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .began(.enterD0))
            await bench.settle()
            await plug.unplug(pending: kind)
            await bench.journal.wait(for: .disposed)
            let thrown = bench.journal.steps().compactMap { step -> DeviceError.Code? in
                if case .threw(_, let error) = step { error.code } else { nil }
            }
            try same(thrown, [.removed], "thrown")
        }
    }

    @Test("PNP-8: departure before the start has begun")
    func beforeStart() throws {
        try onBench { bench in
            let (plug, _) = try await bench.plug()
            try check(!bench.journal.has(.hardwareAcquired), "it has started")
            await plug.unplug()
            await bench.journal.wait(for: .disposed)
            try Self.expectPairs(bench.journal.steps())
        }
    }

    @Test("PNP-8, L13: a replug is another device, whatever the old one still does")
    func replug() throws {
        let script = Script([.releaseHardware: { await $0.valve.pass() }])
        try onBench(script) { bench in
            let (plug, _) = try await bench.plug()
            await bench.journal.wait(for: .started)
            let first = try bench.device
            await plug.unplug()
            await bench.journal.wait(for: .began(.releaseHardware))
            try await plug.replug()
            await bench.journal.next(.started)
            let second = try bench.device
            try check(first !== second, "the same device")
            bench.valve.open()
            await bench.journal.wait(for: .disposed)
            try same(bench.journal.lines(of: second.attached.id).last, "started", "the second")
        }
    }

    /// Every property that the callbacks of one device keep, whatever happens.
    static func expectPairs(_ steps: [LifecycleStep]) throws {
        func count(_ step: LifecycleStep) -> Int { steps.filter { $0 == step }.count }
        func place(_ step: LifecycleStep) -> Int { steps.firstIndex(of: step) ?? -1 }
        try same(
            count(.began(.prepareHardware)), count(.began(.releaseHardware)), "Prepare and Release")
        try same(count(.returned(.enterD0)), count(.began(.exitD0)), "D0Entry and D0Exit")
        try same(count(.interfacesEnabled), count(.interfacesDisabled), "interfaces")
        try same(count(.hardwareAcquired), count(.hardwareClosed), "hardware")
        try check(count(.began(.surpriseRemoval)) <= 1, "surprise removal twice")
        try same(count(.disposed), 1, "disposed")
        try same(steps.last, .disposed, "last")
        try check(place(.began(.exitD0)) <= place(.began(.releaseHardware)), "Release before Exit")
        for case .began(let callback) in steps {
            let ends = steps.filter {
                switch $0 {
                case .returned(callback), .threw(callback, _): true
                default: false
                }
            }
            try same(ends.count, count(.began(callback)), "ends of \(callback)")
        }
    }
}

extension DriverCallback {
    /// Whether it comes only with a removal.
    fileprivate var isOnTheWayOut: Bool {
        switch self {
        case .queryRemove, .exitD0, .releaseHardware: true
        default: false
        }
    }
}
