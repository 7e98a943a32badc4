import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// What a driver may do with a request, and what it may not.
@Suite struct RequestTests {
    private static func reading(
        _ handler: @escaping RequestHandler<ScriptedDriver>
    ) -> Script {
        Script([
            .deviceAdd: { $0.device.queue(.parallel(limit: 4), for: $0, other: handler) }
        ])
    }

    @Test("R-4, SEED-16: input, output and information pass between client and driver unchanged")
    func bytes() throws {
        let script = Self.reading { $0.reverse($1) }
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            for count in [0, 1, 2, 63, 64, 5000] {
                let input = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
                let reply = try await file.control(1, input, upTo: count)
                try same(reply.output, input.reversed(), "output")
                try same(reply.information, count, "information")
            }
        }
    }

    @Test("R-4: a client's impossible length is refused before a driver sees it")
    func impossibleLengths() throws {
        let script = Self.reading { driver, request in
            let capacity = request.outputCapacity
            driver.notes.append("\(capacity)")
            request.complete(with: [UInt8]([1, 2, 3].prefix(capacity)))
        }
        try onBench(seeds: 0..<2, script) { bench in
            let (_, _, file) = try await bench.open()
            for length in [-1, -8, .min, 1 << 30 + 1, .max] {
                try same(
                    await code { try await file.read(upTo: length) }, .invalidRequest,
                    "read(upTo: \(length))")
                try same(
                    await code { try await file.control(1, upTo: length) }, .invalidRequest,
                    "control(upTo: \(length))")
            }
            try same(try await file.read(upTo: 1 << 30), [1, 2, 3], "the longest read")
            try same(
                await bench.driver.notes.dropFirst(), ["\(1 << 30)"], "what the driver saw")
        }
    }

    @Test("R-2, VF-21: more information than asked for, or output than fits, traps with its id")
    func limits() async {
        let write = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let script = Self.reading { _, request in request.complete(2) }
            try onBench(seeds: 0..<1, script) { try await $0.open().file.write([1]) }
        }
        let writeError = String(decoding: write?.standardErrorContent ?? [], as: UTF8.self)
        #expect(writeError.contains("R-2"))
        let read = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let script = Self.reading { $0.answerTooMuch($1) }
            try onBench(seeds: 0..<1, script) { _ = try await $0.open().file.read(upTo: 2) }
        }
        let readError = String(decoding: read?.standardErrorContent ?? [], as: UTF8.self)
        #expect(readError.contains("R-2"))
    }

    @Test("R-2: a dropped request is completed as abandoned, and the log says so")
    func dropped() throws {
        let script = Self.reading { _, request in _ = consume request }
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            try same(await code { try await file.write([1]) }, .abandoned, "code")
            try same(bench.journal.errors.count, 1, "errors")
            try check(bench.journal.errors[0].contains("R-2"), "\(bench.journal.errors)")
        }
    }

    @Test("R-2: a request held by the driver when it goes is completed as abandoned")
    func heldAtTheEnd() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.device.queue(
                    .sequential, for: driver,
                    write: { driver, request in
                        driver.held = consume request
                    })
            },
            .surpriseRemoval: { driver in driver.held = nil },
        ])
        try onBench(script) { bench in
            let (plug, _, file) = try await bench.open()
            let write = bench.client { try await file.write([1]) }
            await bench.settle()
            await plug.unplug()
            try same(await write.value.code, .abandoned, "code")
            await file.close()
            await bench.journal.wait(for: .disposed)
        }
    }

    @Test("R-4: a request may be completed from another scope than the driver's")
    func elsewhere() throws {
        let script = Self.reading { driver, request in
            let device = driver.device
            let other = Scope(on: device.loop, name: "other")
            let box = Box(request)
            other.task { box.request.take()?.complete(1) }
        }
        try onBench(script) { bench in
            let (_, _, file) = try await bench.open()
            try same(try await file.write([1]), 1, "information")
        }
    }
}

extension ScriptedDriver {
    fileprivate func reverse(_ request: consuming Request) {
        let answer = Array(request.input.copy().reversed())
        request.complete(with: unsafe answer.span.bytes)
    }

    fileprivate func answerTooMuch(_ request: consuming Request) {
        let bytes: [UInt8] = [1, 2, 3]
        request.complete(with: unsafe bytes.span.bytes)
    }
}

/// Sendable because it is touched on one loop.
private final class Box: @unchecked Sendable {
    var request: Request?
    init(_ request: consuming Request) { self.request = consume request }
}

extension Result where Failure == DeviceError {
    var code: DeviceError.Code? {
        if case .failure(let error) = self { error.code } else { nil }
    }
}
