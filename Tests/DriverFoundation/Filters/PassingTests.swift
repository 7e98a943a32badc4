import Testing
import VirtualUSB

@testable import DriverFoundation

/// Requests on their way through the levels of a stack.
@Suite struct PassingTests {
    private static let function = Script([
        .deviceAdd: { driver in
            driver.device.queue(
                .parallel(limit: 4), for: driver,
                read: { driver, request in
                    driver.notes.append("read \(request.file != nil)")
                    request.complete(with: [7])
                },
                write: { $0.receive($1) },
                // What this driver does not know, drivers below it may.
                deviceControl: { driver, request in
                    request.sendAndForget(to: driver.device.lowerTarget)
                })
        }
    ])

    @Test("FL-2: a filter sends a request on as something else, and completes it when it is back")
    func changed() throws {
        try onBench(Self.function, filters: [.upper(Doubling.self)]) { bench in
            let (plug, _, file) = try await bench.open()
            try same(try await file.write([1, 2]), 2, "bytes that the client has written")
            try same(await bench.driver.received, [[1, 1, 2, 2]], "what came to the driver")
            await plug.unplug()
        }
    }

    @Test("FL-2: a filter sends a request on and forgets it; it keeps its file and its client")
    func forgotten() throws {
        try onBench(Self.function, filters: [.upper(Doubling.self)]) { bench in
            let (plug, _, file) = try await bench.open()
            try same(try await file.read(upTo: 4), [7], "what the driver gave")
            try same(await bench.driver.notes.last, "read true", "its file")
            await plug.unplug()
        }
    }

    @Test("T-1, FL-1: what a function driver sends down meets the lower filters, nearest first")
    func down() throws {
        let filters: [FilterPlacement] = [
            .lower(Answering<Deep>.self), .lower(Answering<Shallow>.self),
        ]
        try onBench(Self.function, filters: filters) { bench in
            let (plug, _, file) = try await bench.open()
            try same(try await file.control(1).information, 11, "answered by the nearest")
            try same(try await file.control(2).information, 22, "passed on by it")
            try same(await code { try await file.control(3) }, .invalidRequest, "by nobody")
            await plug.unplug()
        }
    }

    @Test("R-18: what a child's driver sends down comes to its parent's queue at last")
    func toParent() throws {
        try onBench(Self.function) { bench in
            let bus = try await bench.toyBus()
            await bus.run { $0.settle = { $0.driver = ScriptedDriver.self } }
            _ = try await bench.toy(1, in: bus)
            let file = try await bench.interfaces.open(.gadget)
            let call = bench.client { try await file.control(9).information }
            await bench.settle()
            await bus.run { bus in
                guard let request = bus.takenFromChildren?.next() else { return }
                request.complete(90)
            }
            try same(try await call.value.get(), 90, "the parent's answer")
            let lost = bench.client { try await file.control(9).information }
            await bench.settle()
            await bus.pull(1)
            switch await lost.value {
            case .success: throw Surprise("it has succeeded")
            case .failure(let error): try same(error.code, .removed, "its end")
            }
            await file.close()
        }
    }

    @Test("FL-2, R-7: a client's cancel follows its request down the stack")
    func cancelled() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.queues = [driver.device.queue(.manual)]
                driver.device.queue(
                    .parallel(limit: 4), for: driver,
                    other: { $1.forward(to: $0.queues[0]) })
            }
        ])
        try onBench(script, filters: [.upper(Doubling.self)]) { bench in
            let (plug, _, file) = try await bench.open()
            for _ in 0..<2 {
                let write = bench.client { try await file.write([1]) }
                let read = bench.client { try await file.read(upTo: 1) }
                await bench.settle()
                try same(try await bench.driver.queues[0].count, 2, "below")
                write.cancel()
                read.cancel()
                for code in [await write.value.code, await read.value.code] {
                    try same(code, .cancelled, "its end")
                }
                try same(try await bench.driver.queues[0].count, 0, "below afterwards")
            }
            await plug.unplug()
        }
    }
}

extension ScriptedDriver {
    fileprivate func receive(_ request: consuming Request) {
        let bytes = request.input.copy()
        received.append(bytes)
        request.complete(bytes.count)
    }
}

/// Writes each byte twice, and lets reads pass.
private actor Doubling: FilterDriver {
    static let matches: [DeviceMatch] = [.any]
    nonisolated let level: DeviceLevel

    init(level: DeviceLevel) async throws(DeviceError) {
        self.level = level
        level.queue(
            .parallel(limit: 4), for: self,
            read: { $1.sendAndForget(to: $0.level.lowerTarget) }, write: { await $0.double($1) })
    }

    private func double(_ request: consuming Request) async {
        let bytes = request.input.copy().flatMap { [$0, $0] }
        let reply = await request.send(
            to: level.lowerTarget, as: ClientRequest(.write, input: bytes))
        if let error = reply.error { return request.fail(error) }
        request.complete(reply.information / 2)
    }
}

/// Answers one device control, and sends the others on.
private actor Answering<Place: Answer>: FilterDriver {
    static var matches: [DeviceMatch] { [.any] }
    nonisolated let level: DeviceLevel
    init(level: DeviceLevel) async throws(DeviceError) {
        self.level = level
        level.queue(
            .sequential, for: self,
            deviceControl: { filter, request in
                if request.code == Place.code { return request.complete(Place.information) }
                request.sendAndForget(to: filter.level.lowerTarget)
            })
    }
}

/// Which device control a filter answers, and with what.
private protocol Answer: SendableMetatype {
    static var code: ControlCode { get }
    static var information: Int { get }
}

private enum Shallow: Answer {
    static let code: ControlCode = 1
    static let information = 11
}

private enum Deep: Answer {
    static let code: ControlCode = 2
    static let information = 22
}
