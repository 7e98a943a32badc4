import DriverSimulation
import Testing

@testable import DriverFoundation

/// Requests that a driver makes or passes on.
@Suite struct SendingTests {
    static let upper: ControlCode = 1
    static let forget: ControlCode = 2
    static let format: ControlCode = 3
    static let made: ControlCode = 4
    static let lower: ControlCode = 5

    /// The device's sequential queue passes control requests on to the device's manual queue, as to
    /// a lower driver.
    static let script = Script([
        .deviceAdd: { driver in
            let device = driver.device
            let below = device.queue(.manual)
            driver.queues = [below]
            let target = device.localTarget { below.accept($0, atHead: false) }
            driver.device.queue(
                .sequential, for: driver,
                deviceControl: { driver, request in
                    driver.notes.append("control")
                    await driver.pass(request, on: target)
                    driver.notes.append("returned")
                })
        }
    ])

    @Test("R-10, R-13, FL-2: a request that is sent on comes back to its sender with its end below")
    func send() throws {
        try onBench(Self.script) { bench in
            let (_, _, file) = try await bench.open()
            let queue = try await bench.driver.queues[0]
            let call = bench.client { try await file.control(Self.upper, [1, 2], upTo: 4) }
            await bench.settle()
            try queue.answerNext { request in
                try same(request.code, Self.upper, "code")
                try same(bytes(of: request), [1, 2], "input")
                try same(request.outputCapacity, 4, "capacity")
                try check(request.file != nil, "it has lost its file")
                request.complete(with: [9, 8, 7])
            }
            let reply = try await call.value.get()
            try same(reply.output, [9, 8, 7], "output")
            try same(reply.information, 3, "information")
            try same(await bench.driver.notes.suffix(2), ["control", "returned"], "notes")
        }
    }

    @Test("R-10, VF-27: one request is sent to one target at a time")
    func sentTwice() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            let script = Script([
                .deviceAdd: { driver in
                    let target = driver.device.selfTarget
                    driver.device.queue(
                        .sequential, for: driver, read: { $1.complete() },
                        deviceControl: { driver, request in
                            let first = ClientRequest(.read, outputCapacity: 1)
                            let core = request.core
                            core.attach(
                                TargetOperation(first, to: target, SendOptions(), for: core))
                            _ = await request.send(to: target)
                            request.complete()
                        })
                }
            ])
            try onBench(seeds: 0..<1, script) { bench in
                let (_, _, file) = try await bench.open()
                try await file.control(1)
            }
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("R-10:"))
    }

    @Test("R-9: what is asked for below may be another than what was asked for above")
    func format() throws {
        try onBench(seeds: 0..<4, Self.script) { bench in
            let (_, _, file) = try await bench.open()
            let queue = try await bench.driver.queues[0]
            let call = bench.client { try await file.control(Self.format, [1], upTo: 4) }
            await bench.settle()
            try queue.answerNext { request in
                try same(request.kind, .write, "kind")
                try same(bytes(of: request), [1, 0xFF], "input")
                request.complete(2)
            }
            try same(try await call.value.get().information, 2, "information")
        }
    }

    @Test(
        "R-11, FL-2, VF-29: send and forget leaves the driver; its end below is the client's"
    )
    func forget() throws {
        try onBench(Self.script) { bench in
            let (_, _, file) = try await bench.open()
            let driver = try bench.driver
            let queue = await driver.queues[0]
            let calls = (0..<3).map { _ in
                bench.client { try await file.control(Self.forget, upTo: 1) }
            }
            await bench.settle()
            // a sequential queue has handed out all three.
            try same(queue.count, 3, "below")
            try same(await driver.notes.filter { $0 == "returned" }.count, 3, "returned")
            try queue.answerNext { request in
                let number = request.core.state.value.number
                try same(number, 1, "the client's request itself")
                request.complete(with: [5])
            }
            while let rest = queue.next() { rest.fail(DeviceError(.stalled)) }
            try same(try await calls[0].value.get().output, [5], "output")
            for call in calls.dropFirst() { try same(await call.value.code, .stalled, "code") }
        }
    }

    @Test("R-12: cancelling a request cancels it wherever it was sent, and its sender hears it")
    func cancel() throws {
        for code in [Self.upper, Self.forget, Self.made] {
            try onBench(Self.script) { bench in
                let (_, _, file) = try await bench.open()
                let queue = try await bench.driver.queues[0]
                let call = bench.client { try await file.control(code, upTo: 1) }
                await bench.settle()
                try same(queue.count, 1, "below")
                call.cancel()
                try same(await call.value.code, .cancelled, "code")
                try same(queue.count, 0, "below")
            }
        }
    }

    @Test("R-12: cancelling the task that awaits a driver's request cancels the request")
    func cancelTask() throws {
        try onBench(seeds: 0..<64, Below.script) { bench in
            let (target, queue) = try await bench.below()
            let write = bench.write(1, to: target)
            let draw: UInt64 = bench.simulation.random.next()
            if draw.isMultiple(of: 2) { await bench.settle() }
            write.cancel()
            try same(await write.value.code, .cancelled, "code")
            try same([queue.count, target.sentCount], [0, 0], "left")
        }
    }

    @Test("R-11: a timeout cancels, waits for the real end, and is what the sender hears")
    func timeout() throws {
        try onBench(SlowEnd.script) { bench in
            let (target, _) = try await bench.below()
            let start = bench.clock.now
            let error = await code {
                try await target.write([1], SendOptions(timeout: .seconds(2)))
            }
            try same(error, .timedOut, "code")
            try same(start.duration(to: bench.clock.now), .seconds(2) + SlowEnd.time, "time")
            let until = bench.clock.now.advanced(by: .seconds(1))
            let options = SendOptions(timeout: .seconds(9), until: until)
            try same(await code { try await target.write([1], options) }, .timedOut, "absolute")
            try same(until.duration(to: bench.clock.now), SlowEnd.time, "time")
        }
    }

    @Test("R-11: what ends before its timeout has taken effect ends as it ended")
    func successBeatsTimeout() throws {
        let script = Script([
            .deviceAdd: { driver in
                driver.queues = [driver.device.queue(.manual)]
                driver.device.queue(
                    .sequential, for: driver,
                    other: { driver, request in
                        await driver.device.wait(for: .seconds(900), request: request)
                        request.complete(1)
                    })
            }
        ])
        try onBench(script) { bench in
            let (target, _) = try await bench.below()
            let written = try await target.write([1], SendOptions(timeout: .seconds(2)))
            try same(written, 1, "written")
            try same(bench.counted(.endBeatsInterruption), 1, "mark")
        }
    }

    @Test("T-9: a timeout of what was not sent yet is told from one of what was")
    func timeoutNotSent() throws {
        try onBench(Below.script) { bench in
            let (target, queue) = try await bench.below()
            await target.stop(.waitForSentIO)
            let start = bench.clock.now
            let error = await code {
                try await target.write([1], SendOptions(timeout: .seconds(2)))
            }
            try same(error, .timedOutNotSent, "code")
            try same(start.duration(to: bench.clock.now), .seconds(2), "time")
            try await target.start()
            await bench.settle()
            try same(queue.count, 0, "sent all the same")
        }
    }

    @Test("R-11: what was sent and forgotten waits in a stopped target, and can be cancelled there")
    func forgottenWhileStopped() throws {
        try onBench(Self.script) { bench in
            let (_, _, file) = try await bench.open()
            let queue = try await bench.driver.queues[0]
            let target = try bench.device.state.value.targets[0]
            await target.stop(.waitForSentIO)
            let calls = (0..<2).map { _ in
                bench.client { try await file.control(Self.forget, upTo: 1) }
            }
            await bench.settle()
            try same([target.pendedCount, queue.count], [2, 0], "counts")
            calls[0].cancel()
            try same(await calls[0].value.code, .cancelled, "cancelled")
            try await target.start()
            await bench.settle()
            try queue.answerNext { request in
                request.complete(with: [6])
            }
            try same(try await calls[1].value.get().output, [6], "sent")
        }
    }

    @Test("R-8, T-8, VF-28: a driver's request is a value: made once, sent any number of times")
    func reuse() throws {
        try onBench(seeds: 0..<4, Below.script) { bench in
            let (target, queue) = try await bench.below()
            let request = ClientRequest(.deviceControl(7), input: [1], outputCapacity: 2)
            for round in 0..<3 as Range<UInt8> {
                let call = bench.client { await target.send(request) }
                await bench.settle()
                try queue.answerNext { arrived in
                    try same(arrived.code, 7, "code")
                    arrived.complete(with: [round])
                }
                try same(try await call.value.get().output, [round], "output")
            }
            let read = bench.client { try await target.read(upTo: 3) }
            await bench.settle()
            try queue.answerNext { arrived in
                try same(arrived.kind, .read, "kind")
                arrived.complete(with: [1, 2, 3])
            }
            try same(try await read.value.get(), [1, 2, 3], "read")
        }
    }

    @Test("R-14, R-15: below it is known on whose behalf a request came, whoever has sent it on")
    func behalf() throws {
        try onBench(seeds: 0..<4, Self.script) { bench in
            _ = try await bench.plug()
            await bench.journal.wait(for: .started)
            let queue = try await bench.driver.queues[0]
            let guest = ClientIdentity(processID: 7, userID: 1001, groupID: 100)
            let file = try await bench.interface.open(as: guest)
            for code in [Self.upper, Self.forget] {
                let call = bench.client { try await file.control(code) }
                await bench.settle()
                try queue.answerNext { request in
                    try same(request.file?.client, guest, "client")
                    request.complete()
                }
                _ = await call.value
            }
            // What a driver asks for by itself is on nobody's behalf.
            let call = bench.client { try await file.control(Self.made) }
            await bench.settle()
            try queue.answerNext { request in
                try check(request.file == nil, "it came through a file")
                request.complete()
            }
            _ = await call.value
        }
    }

    @Test("R-17: a time limit is there before the send, even one that has passed already")
    func passedLimit() throws {
        try onBench(Below.script) { bench in
            let (target, queue) = try await bench.below()
            let past = SendOptions(until: bench.clock.now)
            try same(await code { try await target.write([1], past) }, .timedOut, "sent")
            await target.stop(.waitForSentIO)
            let none = SendOptions(timeout: .zero)
            try same(await code { try await target.write([1], none) }, .timedOutNotSent, "pended")
            try same([queue.count, target.pendedCount], [0, 0], "left")
        }
    }

    @Test("R-19: a request knows the file through which it came")
    func file() throws {
        try onBench(seeds: 0..<2, Self.script) { bench in
            let (_, _, file) = try await bench.open()
            let queue = try await bench.driver.queues[0]
            let call = bench.client { try await file.control(Self.upper) }
            await bench.settle()
            try queue.answerNext { request in
                try check(
                    try request.file === bench.device.state.value.files.first, "another file")
                request.complete()
            }
            _ = await call.value
        }
    }

    @Test("R-2, VF-21: a reply with more bytes than the client takes is the driver's mistake")
    func tooLong() async {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            let script = Script([
                .deviceAdd: { driver in
                    driver.device.queue(
                        .sequential, for: driver,
                        other: { $1.complete(ClientReply(information: 3, output: [1, 2, 3])) })
                }
            ])
            try onBench(seeds: 0..<1, script) { bench in
                let (_, _, file) = try await bench.open()
                try await file.control(1, upTo: 2)
            }
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("R-2:"))
    }
}

extension ScriptedDriver {
    fileprivate func pass(_ request: consuming Request, on target: IOTarget) async {
        switch request.code {
        case SendingTests.forget: request.sendAndForget(to: target)
        case SendingTests.format:
            let below = ClientRequest(.write, input: bytes(of: request) + [0xFF])
            let reply = await request.send(to: target, as: below)
            request.complete(reply.information)
        case SendingTests.made:
            do throws(DeviceError) {
                try await target.deviceControl(SendingTests.lower, for: request)
                request.complete()
            } catch { request.fail(error) }
        default:
            let reply = await request.send(to: target)
            request.complete(reply)
        }
    }
}
