import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// What a driver must not do with its queues, and what it gets instead of trouble.
@Suite struct QueueRuleTests {
    @Test("Q-2: the default queue takes what no other does; a second one traps")
    func defaultQueue() async throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(.sequential, for: driver, read: { $1.complete(with: [1]) })
                driver.device.queue(.sequential, for: driver, other: { $1.complete(0) })
            }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            try same(try await file.read(upTo: 4), [1], "a read")
            try same(try await file.write([1]), 0, "a write")
            try same(try await file.control(9).information, 0, "a control")
        }
        let second = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            let script = Script([
                .deviceAdd: { driver in
                    driver.device.queue(.sequential, for: driver, other: { $1.complete() })
                    driver.device.queue(.sequential, for: driver, other: { $1.complete() })
                }
            ])
            try onBench(seeds: 0..<1, script) { _ = try await $0.open() }
        }
        #expect(second.said.contains("Q-2"))
    }

    @Test("Q-3: a queue for one control code goes before that for all, and that before `other`")
    func specificFirst() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(.sequential, for: driver, other: { $1.fail(.invalidRequest) })
                driver.device.queue(
                    .sequential, taking: [.deviceControl(5)], for: driver,
                    write: { $1.complete(1) }, other: nil)
                driver.device.queue(
                    .sequential, for: driver, deviceControl: { $1.complete(7) })
                driver.queues = [driver.device.queue(.manual, taking: [.deviceControl(6)])]
            }
        ])
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            try same(try await file.control(4).information, 7, "for all")
            let sixth = bench.client { try await file.control(6).information }
            await bench.settle()
            try await bench.queues[0].next()?.complete(6)
            try same(try await sixth.value.get(), 6, "for one")
            try same(try await file.write([1]), 1, "a write")
            try same(await code { try await file.read(upTo: 1) }, .invalidRequest, "a read")
            // It was routed to a queue that has no handler for it.
            try same(await code { try await file.control(5) }, .invalidRequest, "no handler (Q-4)")
        }
    }

    @Test("Q-11, VF-24: forwarding a request to the queue it came from traps")
    func forwardToItself() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            let script = Script.writing { $1.forward(to: $0.queues[0]) }
            try onBench(seeds: 0..<1, script) { try await $0.open().file.write([1]) }
        }
        #expect(result.said.contains("Q-11"))
    }

    @Test("Q-19, VF-39: a reserve of a queue that clients do not reach, or a second one, traps")
    func reserve() async {
        let unbound = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            let script = Script([.deviceAdd: { $0.device.queue(.manual).reserve(1) }])
            try onBench(seeds: 0..<1, script) { _ = try await $0.open() }
        }
        #expect(unbound.said.contains("Q-19"))
        let second = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            let script = Script([
                .deviceAdd: { driver in
                    let queue = driver.device.queue(.manual, taking: [.read])
                    queue.reserve(1)
                    queue.reserve(1)
                }
            ])
            try onBench(seeds: 0..<1, script) { _ = try await $0.open() }
        }
        #expect(second.said.contains("Q-19"))
    }

    /// An actor whose only work is one queue's.
    private actor Writer: DriverActor {
        nonisolated let scope: Scope
        private let driver: Scope
        private(set) var seen: [String] = []

        init(beside device: Device) {
            scope = Scope(on: device.loop, name: "writer")
            driver = device.scope
        }

        func write(_ request: consuming Request) async {
            seen.append("\(scope.isCurrent) \(driver.isCurrent)")
            await LoopClock(scope.loop).wait(for: .milliseconds(1))
            seen.append("\(scope.isCurrent) \(driver.isCurrent)")
            request.complete(1)
        }

        func attach(to device: Device) -> [RequestQueue] {
            [
                device.queue(.sequential, for: self, write: { await $0.write($1) }),
                device.queue(.manual, taking: [.read], for: self),
            ]
        }

        func beTold(by queue: RequestQueue) {
            queue.whenReady(for: self) { writer, queue in
                writer.seen.append("ready \(writer.scope.isCurrent)")
                queue.next()?.complete(with: [7])
            }
        }
    }

    @Test("Q-23: a queue may run its handlers in a scope of its own, apart from the driver's")
    func ownScope() throws {
        try onBench { bench in
            let (_, _, file) = try await bench.open()
            let device = try bench.device
            let writer = Writer(beside: device)
            let queues = await writer.attach(to: device)
            await writer.beTold(by: queues[1])
            for _ in 0..<2 { try same(try await file.write([1]), 1, "a write") }
            try same(await writer.seen, Array(repeating: "true false", count: 4), "scopes")
            try same(try await file.read(upTo: 4), [7], "a read")
            try same(await writer.seen.last, "ready true", "the ready handler's scope")
            await file.close()
            try await device.remove()
            withExtendedLifetime(writer) {}
        }
    }

    @Test("Q-1: a limit or a group that lets nothing through traps")
    func limits() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            let script = Script([
                .deviceAdd: { driver in
                    driver.device.queue(.parallel(limit: 0), for: driver, read: { $1.complete() })
                }
            ])
            try onBench(seeds: 0..<1, script) { _ = try await $0.open() }
        }
        #expect(result.said.contains("Q-1"))
    }
}
