import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// Who may meet whom half done: §1.10.
@Suite struct SynchronizationTests {
    @Test("S-1, SEED-7: handlers of the device's scope run there; a queue may have one of its own")
    func queueScope() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                let device = driver.device
                device.queue(.sequential, for: driver, write: { $0.scopeName($1) })
                await Statistics(of: device).makeQueue()
            }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            try await file.write([1])
            try same(await bench.driver.notes.last, try bench.device.scope.name, "device's")
            let reply = try await file.control(1, upTo: 99)
            try same(String(decoding: reply.output, as: UTF8.self), "statistics", "the queue's own")
        }
    }

    @Test("S-1: between two awaits, handlers of a queue's own scope have its actor to themselves")
    func ownScope() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                await Statistics(of: driver.device).makeQueue(.parallel(limit: 4))
            }
        ])
        try onBench(seeds: 0..<24, script) { bench in
            let (_, _, file) = try await bench.open()
            let clients = (0..<8).map { number in
                bench.client { try await file.control(2, [UInt8(number)], upTo: 8).output }
            }
            var seen: [UInt8] = []
            for client in clients { seen += try await client.value.get() }
            try same(seen.sorted(), Array(1...8), "each counted once")
        }
    }

    @Test("S-1: a queue without a scope has handlers that belong to nobody, and wait for nobody")
    func noScope() throws {
        let script = Script([
            .deviceAdd: { driver in
                let clock = driver.device.clock
                driver.device.unscopedQueue(.parallel(limit: 3)) { request in
                    await clock.wait(for: .microseconds(10))
                    request.complete(7)
                }
            }
        ])
        try onBench(seeds: 0..<8, script) { bench in
            let (_, _, file) = try await bench.open()
            let start = bench.clock.now
            let clients = (0..<6).map { _ in
                bench.client { try await file.control(1).information }
            }
            for client in clients { try same(try await client.value.get(), 7, "information") }
            try same(start.duration(to: bench.clock.now), .microseconds(20), "three at a time")
        }
    }

    @Test("S-2: callbacks of Plug and Play and power never overlap on one device")
    func callbacks() throws {
        let step: Script.Step = { driver in
            driver.owned += 1
            driver.mostAtOnce = max(driver.mostAtOnce, driver.owned)
            await driver.device.clock.wait(for: .microseconds(3))
            driver.owned -= 1
            driver.received.append([])
        }
        let serialised: [DriverCallback] = [
            .prepareHardware, .enterD0, .postInterruptsEnabled, .initializeSelfManagedIO,
            .suspendSelfManagedIO, .preInterruptsDisabled, .exitD0, .releaseHardware,
            .flushSelfManagedIO, .cleanUpSelfManagedIO,
        ]
        let script = Script(Dictionary(uniqueKeysWithValues: serialised.map { ($0, step) }))
        try onBench(seeds: 0..<48, script) { bench in
            let (plug, _) = try await bench.plug()
            await bench.settle()
            let driver = try bench.driver
            var random = bench.simulation.random
            if random.next(below: 2) == 0 {
                let device = try bench.device
                let removal = bench.client { try await device.remove() }
                await bench.clock.wait(for: .microseconds(random.next(below: 20)))
                await plug.unplug()
                _ = await removal.value
            } else {
                await plug.unplug()
            }
            await bench.journal.wait(for: .disposed)
            try same(await driver.mostAtOnce, 1, "at once")
            try check(await driver.received.count >= 8, "too few callbacks")
        }
    }

    @Test("S-3: timers and work items join the scope of the actor they are made for")
    func joined() throws {
        let script = Script([
            .deviceAdd: { driver throws(DeviceError) in
                let other = Statistics(of: driver.device)
                try await other.makeTimer()
                try driver.device.timer(for: driver) { driver in
                    driver.notes.append(driver.device.loop.currentScope?.name ?? "none")
                }.start(after: .zero)
                driver.device.object.addContext { _ in other }
            }
        ])
        try onBench(script) { bench in
            _ = try await bench.open()
            await bench.settle()
            let device = try bench.device
            try same(await bench.driver.notes.last, device.scope.name, "the driver's")
            let other = device.object.context(of: Statistics.self)
            try same(await other?.scopes, ["statistics"], "the other actor's")
        }
    }

    @Test("S-5: a reader's deliveries and a pipe's completions run in the device's scope")
    func completions() throws {
        let script = Script([
            .prepareHardware: { driver throws(DeviceError) in
                driver.output = try await driver.device.pipe(0x01)
                driver.reader = try await driver.device.pipe(0x82).continuousReader(for: driver) {
                    driver, _ in driver.notes.append("\(driver.device.scope.isCurrent)")
                }
            },
            .enterD0: { driver throws(DeviceError) in
                driver.reader?.start()
                try await driver.output?.write([1])
                driver.notes.append("\(driver.device.scope.isCurrent)")
            },
            .exitD0: { await $0.reader?.stop() },
        ])
        try onBench(script) { bench in
            let (_, gadget, _) = try await bench.open()
            await gadget.send([1])
            await bench.settle()
            try same(await Array(bench.driver.notes.suffix(2)), ["true", "true"], "in the scope")
        }
    }

    @Test("S-6: completing a request in a handler does not call the next handler from inside it")
    func noRecursion() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(.sequential, for: driver, write: { $0.nest($1) })
            }
        ])
        try onBench(seeds: 0..<24, script) { bench in
            let (_, _, file) = try await bench.open()
            let clients = (0..<5).map { _ in bench.client { try await file.write([1]) } }
            for client in clients { _ = try await client.value.get() }
            try same(await bench.driver.mostAtOnce, 1, "handlers inside of each other")
        }
    }
}

/// An actor with a scope of its own.
private actor Statistics: DriverActor {
    nonisolated let device: Device
    nonisolated let scope: Scope
    private(set) var scopes: [String] = []
    private var count: UInt8 = 0
    private var timer: DeviceTimer?

    init(of device: Device) {
        self.device = device
        scope = Scope(on: device.loop, name: "statistics")
    }

    func makeQueue(_ dispatch: QueueDispatch = .sequential) {
        let queue = device.queue(dispatch, for: self, deviceControl: { await $0.answer($1) })
        // The queue's workers do not keep the actor; its device does.
        device.object.addContext { _ in (self, queue) }
    }

    func makeTimer() throws(DeviceError) {
        timer = try device.timer(for: self) { statistics in
            statistics.scopes.append(statistics.device.loop.currentScope?.name ?? "none")
        }
        timer?.start(after: .zero)
    }

    private func answer(_ request: consuming Request) async {
        if request.code == 1 {
            let name = device.loop.currentScope?.name ?? "none"
            return request.complete(with: Array(name.utf8))
        }
        count += 1
        let number = count
        await device.clock.wait(for: .microseconds(1))
        request.complete(with: [number])
    }
}

extension ScriptedDriver {
    fileprivate func scopeName(_ request: consuming Request) {
        notes.append(device.loop.currentScope?.name ?? "none")
        request.complete(1)
    }

    fileprivate func nest(_ request: consuming Request) {
        owned += 1
        mostAtOnce = max(mostAtOnce, owned)
        request.complete(1)
        owned -= 1
    }
}
