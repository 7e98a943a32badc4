import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// The look at requests before their queues: DEV-10.
@Suite struct PreprocessingTests {
    private static let script = Script([
        .deviceAdd: { driver in
            driver.device.queue(.parallel(limit: 4), for: driver, write: { $0.noteWrite($1) })
            driver.device.preprocess(for: driver) { await $0.look($1) }
        }
    ])

    @Test("DEV-10: each request is seen before it is queued, in order, and goes on or ends there")
    func order() throws {
        try onBench(seeds: 0..<24, Self.script) { bench in
            let (_, _, file) = try await bench.open()
            let client = bench.client { () -> [DeviceError.Code?] in
                var codes: [DeviceError.Code?] = []
                for number in 0..<6 as Range<UInt8> {
                    codes.append(await code { try await file.write([number]) })
                }
                codes.append(await code { try await file.control(1) })
                return codes
            }
            let codes = try await client.value.get()
            try same(
                codes, [nil, .accessDenied, nil, .accessDenied, nil, .accessDenied, .invalidRequest],
                "ends")
            let driver = try bench.driver
            try same(await driver.received, [[0], [1], [2], [3], [4], [5], []], "seen")
            try same(
                await driver.notes.filter { $0.hasPrefix("write") },
                ["write 0", "write 2", "write 4"], "let through")
        }
    }

    @Test("DEV-10, DEV-12: what is being looked at when the device goes is cancelled and awaited")
    func removal() throws {
        try onBench(seeds: 0..<24, Self.script) { bench in
            let (plug, _, file) = try await bench.open()
            let writes = (0..<3).map { number in
                bench.client { try await file.write([UInt8(100 + number)]) }
            }
            await bench.clock.wait(for: .microseconds(3))
            await plug.unplug()
            for write in writes {
                try check(
                    [.removed, .cancelled].contains(await write.value.code), "it did not end")
            }
            await file.close()
            await bench.journal.wait(for: .disposed)
        }
    }

    @Test("DEV-10: enqueued from another handler, a request traps")
    func misuse() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
        {
            let script = Script([
                .deviceAdd: { driver in
                    driver.device.queue(
                        .sequential, for: driver, write: { _, request in request.enqueue() })
                }
            ])
            try onBench(seeds: 0..<1, script) { try await $0.open().file.write([1]) }
        }
        let error = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(error.contains("DEV-10"))
    }
}

extension ScriptedDriver {
    fileprivate func look(_ request: consuming Request) async {
        let first = request.input.byte(at: 0) ?? 0
        received.append(request.input.copy())
        if first >= 100 {
            await device.wait(for: .seconds(1), request: request)
            return request.fail(.cancelled)
        }
        await device.clock.wait(for: .microseconds(1))
        if first % 2 == 1 { return request.fail(DeviceError(.accessDenied)) }
        request.enqueue()
    }

    fileprivate func noteWrite(_ request: consuming Request) {
        notes.append("write \(request.input.byte(at: 0) ?? 0)")
        request.complete(1)
    }
}
