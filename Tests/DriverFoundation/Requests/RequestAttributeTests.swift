import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// What a request carries, and in which order it goes: DEV-9, Q-24, R-2, 4, 8, 14, 19, 20.
@Suite struct RequestAttributeTests {
    private static func handling(
        _ handler: @escaping RequestHandler<ScriptedDriver>
    ) -> Script {
        Script([
            .deviceAdd: { driver in
                driver.queues = [
                    driver.device.queue(
                        .parallel(limit: 4), name: "everything", for: driver, other: handler)
                ]
                driver.notes = []
            }
        ])
    }

    private struct Progress: RequestContext {
        var count = 0
        var names: [String] = []
    }
    private struct Other: RequestContext { var value = 7 }

    @Test("DEV-9: each request has a context of each type, and begins with a fresh one")
    func contexts() throws {
        let script = Self.handling { driver, request in
            driver.notes.append(
                "\(request[Progress.self].count) \(request[Progress.self].names.count)"
                    + " \(request[Other.self].value)")
            request[Progress.self].count += 1
            request[Progress.self].names.append("a")
            request[Other.self].value = 8
            await driver.device.clock.wait(for: .milliseconds(1))
            driver.notes.append("\(request[Progress.self].count) \(request[Other.self].value)")
            request.complete()
        }
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            for _ in 0..<3 { try await file.control(1) }
            let lines = await (try bench.driver).notes.filter { !$0.contains("D0") }
            try same(lines, ["0 0 7", "1 8", "0 0 7", "1 8", "0 0 7", "1 8"], "contexts")
        }
    }

    /// Notes when nobody holds it any more.
    private final class Witness: Sendable {
        let note: @Sendable () -> Void
        init(_ note: @escaping @Sendable () -> Void) { self.note = note }
        deinit { note() }
    }
    private struct Witnessed: RequestContext { var witness: Witness? }

    @Test("R-20: cleanup comes first, then the context goes; who is told finds both gone")
    func cleanupOrder() throws {
        try onBench(Script()) { bench in
            _ = try await bench.open()
            let device = try bench.device
            let order = LoopConfined<[String]>(on: bench.simulation.loop, [])
            for isDropped in [false, true] {
                order.value = []
                let request = device.makeRequest(ClientRequest(.write, input: [1])) { reply in
                    order.value.append("told \(reply.error?.code.description ?? "success")")
                }
                request.onCleanup { order.value.append("cleanup") }
                request[Witnessed.self].witness = Witness { order.value.append("context") }
                if isDropped { _ = consume request } else { request.complete(1) }
                await bench.settle()
                try same(
                    order.value,
                    [
                        "cleanup", "context",
                        isDropped ? "told abandoned by the driver" : "told success",
                    ],
                    "order")
            }
        }
    }

    @Test("R-14, R-19: a request knows its number, its age and its queue")
    func attributes() throws {
        let script = Self.handling { driver, request in
            await driver.device.clock.wait(for: .milliseconds(3))
            driver.notes.append(
                "\(request.number) \(request.age) \(request.queue?.name ?? "none")"
                    + " \(request.reference.number)")
            request.complete()
        }
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            try await file.control(1)
            try await file.control(1)
            try same(
                await bench.driver.notes.filter { !$0.contains("D0") },
                ["1 0.003 seconds everything 1", "2 0.003 seconds everything 2"], "attributes")
        }
    }

    @Test("R-1: a read, a write and a device control bring what belongs to their kind, unchanged")
    func kinds() throws {
        let script = Self.handling { $0.describe($1) }
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            _ = try await file.read(upTo: 5)
            try await file.write([1, 2])
            try await file.control(ControlCode(rawValue: .max), [1, 2, 3], upTo: 4)
            try same(
                await bench.driver.notes.suffix(3),
                ["true false none 0 5", "false true none 2 0", "false false 4294967295 3 4"],
                "what came")
        }
    }

    @Test("R-3: who has a request is known at every moment")
    func ownership() throws {
        let script = Self.handling { $0.keep($1) }
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let queue = try await bench.queues[0]
            await queue.stop()
            let write = await bench.write([1], to: file)
            guard let core = queue.state.value.waiting.first else { throw Surprise("none waits") }
            let reference = RequestReference(core)
            try check(core.state.value.phase == .queued && !core.state.value.isSeen, "queued")
            queue.start()
            await bench.settle()
            try check(core.state.value.phase == .owned && core.state.value.isSeen, "owned")
            try check(!reference.hasEnded && !reference.isCancelled, "alive")
            write.cancel()
            await bench.settle()
            try check(reference.isCancelled && !reference.hasEnded, "cancelled")
            await driver.release { $0.end() }
            _ = await write.value
            try check(core.state.value.phase == .free && reference.hasEnded, "ended")
            // The same core serves the next, which the old reference does not mean.
            let next = await bench.write([2], to: file)
            try check(core.state.value.phase == .owned && reference.hasEnded, "the next")
            await driver.release()
            _ = await next.value
        }
    }

    @Test("R-14, R-15, R-19: a request tells the file that it came through, and whose that is")
    func requestor() throws {
        let script = Self.handling { driver, request in
            driver.notes.append("\(request.file?.client == .thisProcess)")
            request.complete()
        }
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            try await file.control(1)
            try same(await bench.driver.notes.last, "true", "the client")
            let device = try bench.device
            let own = device.makeRequest(ClientRequest(.write, input: [1])) { _ in }
            try check(own.file == nil, "a file of the driver's own request")
            own.complete(1)
        }
    }

    @Test("R-17: a time limit needs nothing made ready for it, and leaves nothing behind")
    func timeLimit() throws {
        let script = Script([
            .prepareHardware: { driver throws(DeviceError) in
                driver.input = try await driver.device.pipe(0x82)
            }
        ])
        try onBench(script) { bench in
            _ = try await bench.open()
            guard let input = try await bench.driver.input else { throw Surprise("no pipe") }
            let armed = bench.simulation.loop.armedDeadlines
            for _ in 0..<20 {
                let code = await code { try await input.read(upTo: 8, deadline: .milliseconds(1)) }
                try same(code, .timedOut, "code")
            }
            try same(bench.simulation.loop.armedDeadlines, armed, "armed deadlines")
        }
    }

    @Test("R-4: a buffer that is too short, or of the wrong direction, is an error that says so")
    func minimum() throws {
        let script = Self.handling { $0.need($1) }
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            try same(await code { try await file.control(1, [1, 2, 3]) }, .bufferTooSmall, "input")
            try same(
                await code { try await file.control(1, [1, 2, 3, 4], upTo: 1) }, .bufferTooSmall,
                "output")
            let reply = try await file.control(1, [1, 2, 3, 4], upTo: 3)
            try same(reply.output, [1, 2, 3], "the output")
            try same(await code { try await file.read(upTo: 8) }, .invalidRequest, "a read")
            try same(
                await code { try await file.write([1, 2, 3, 4]) }, .invalidRequest, "a write")
        }
    }

    @Test("R-2, R-4: complete(withPrefixOf:) gives what fits")
    func prefix() throws {
        let script = Self.handling { $0.answer($1) }
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            for length in 1...6 {
                let expected = [UInt8]([1, 2, 3, 4].prefix(length))
                try same(try await file.read(upTo: length), expected, "read")
                let reply = try await file.control(1, upTo: length)
                try same(reply.output, expected, "control")
                try same(reply.information, expected.count, "information")
            }
        }
    }

    @Test("R-2, VF-6, VF-21: negative information traps")
    func negative() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            let script = Self.handling { $1.complete(-1) }
            try onBench(seeds: 0..<1, script) { try await $0.open().file.control(1) }
        }
        #expect(result.said.contains("R-2"))
    }

    @Test("R-8, Q-24: a request that the driver makes goes through its queues as a client's does")
    func driverMade() throws {
        let script = Self.handling { $0.take($1) }
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            let device = try bench.device
            let queue = try await bench.queues[0]
            let replies = LoopConfined<[ClientReply]>(on: bench.simulation.loop, [])
            let request = device.makeRequest(ClientRequest(.write, input: [5, 6])) { reply in
                replies.value.append(reply)
            }
            try check(request.queue == nil, "it came from no queue")
            request.forward(to: queue)
            await bench.settle()
            try same(replies.value.map(\.information), [2], "information")
            try same(await bench.driver.received, [[5, 6]], "delivered")
            await queue.purge()
            device.makeRequest(ClientRequest(.write, input: [7])) { replies.value.append($0) }
                .forward(to: queue)
            await bench.settle()
            try same(replies.value.last?.error?.code, .invalidDeviceState, "refused")
            queue.start()
            try await file.write([8])
            try same(device.state.value.requestPool.used, 0, "requests in use")
        }
    }

    @Test("Q-12, VF-25: a request that the driver made cannot be requeued: it came from no queue")
    func requeueOwn() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            try onBench(seeds: 0..<1) { bench in
                _ = try await bench.open()
                let device = try bench.device
                device.makeRequest(ClientRequest(.write, input: [1])) { _ in }.requeue()
            }
        }
        #expect(result.said.contains("Q-12"))
    }
}

extension ScriptedDriver {
    fileprivate func need(_ request: consuming Request) {
        do throws(DeviceError) {
            let count = try request.input(atLeast: 4).byteCount
            let capacity = try request.outputCapacity(atLeast: 2)
            let bytes = request.input.extracting(first: min(count, capacity)).copy()
            request.complete(with: bytes)
        } catch { request.fail(error) }
    }

    fileprivate func describe(_ request: consuming Request) {
        let kind = request.kind
        let code = request.code.map { "\($0.rawValue)" } ?? "none"
        let count = request.input.copy().count
        notes.append(
            "\(kind == .read) \(kind == .write) \(code) \(count) \(request.outputCapacity)")
        request.complete()
    }

    fileprivate func answer(_ request: consuming Request) {
        let bytes: [UInt8] = [1, 2, 3, 4]
        if request.kind == .read {
            request.complete(withPrefixOf: unsafe bytes.span.bytes)
        } else {
            request.complete(withPrefixOf: bytes)
        }
    }
}
