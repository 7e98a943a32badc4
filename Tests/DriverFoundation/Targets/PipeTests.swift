import DriverSimulation
import Testing
import VirtualUSB

@testable import DriverFoundation

/// Transfers that a driver awaits: L17, U-6, U-8, U-9, U-12.
@Suite struct PipeTests {
    private static let script = Script([
        .prepareHardware: { driver throws(DeviceError) in
            driver.input = try await driver.device.pipe(0x82)
            driver.output = try await driver.device.pipe(0x01)
        }
    ])

    @Test("U-8: a pipe is used in its direction alone")
    func direction() throws {
        try onBench(seeds: 0..<2, Self.script) { bench in
            _ = try await bench.open()
            let (input, output) = try await bench.pipes
            try same(await code { try await output.read(upTo: 1) }, .invalidRequest, "read")
            let bytes: [UInt8] = [1]
            try same(await code { try await input.send(bytes) }, .invalidRequest, "write")
            let device = try bench.device
            try same(await code { try await device.pipe(0x85) }, .notFound, "no such endpoint")
        }
    }

    @Test("U-8: a read of an impossible length is refused")
    func impossibleLengths() throws {
        try onBench(seeds: 0..<2, Self.script) { bench in
            let (_, gadget, _) = try await bench.open()
            let (input, _) = try await bench.pipes
            for length in [-1, -8, .min, .max] {
                try same(
                    await code { try await input.read(upTo: length) }, .invalidRequest,
                    "read(upTo: \(length))")
            }
            async let received = input.read(upTo: 1)
            await gadget.send([7])
            try same(try await received, [7], "a read afterwards")
        }
    }

    @Test("L17, libusb §3 20: after a deadline nothing is in flight, and no byte is lost")
    func deadline() throws {
        try onBench(seeds: 0..<48, Self.script) { bench in
            let (_, gadget, _) = try await bench.open()
            let (input, _) = try await bench.pipes
            let sender = bench.client { () -> Int in
                for number in 0..<30 as Range<UInt8> {
                    await gadget.send([UInt8](repeating: number, count: 600))
                    await bench.clock.wait(for: .microseconds(Int(number) * 7 % 5))
                }
                return 30
            }
            var received: [UInt8] = []
            var timeouts = 0
            while received.count < 30 * 600 {
                do throws(DeviceError) {
                    received += try await input.read(upTo: 1024, deadline: .microseconds(3))
                } catch {
                    try same(error.code, .timedOut, "code")
                    received += error.partialBytes
                    timeouts += 1
                    try check(timeouts < 1000, "it does not end")
                }
            }
            _ = await sender.value
            let expected = (0..<30 as Range<UInt8>).flatMap { [UInt8](repeating: $0, count: 600) }
            try same(received, expected, "bytes")
        }
    }

    @Test("L17: a deadline ends a write that the device does not take, and a control request")
    func deadlineOut() throws {
        let faults = FaultPlan([FaultRule(.control, request: 1, .silence)])
        try onBench(Self.script) { bench in
            let (_, gadget, _) = try await bench.open(faults: faults)
            let (_, output) = try await bench.pipes
            let device = try bench.device
            await gadget.holdWrites()
            let bytes = [UInt8](repeating: 1, count: 512)
            _ = try await output.send(bytes)
            let start = bench.clock.now
            try same(
                await code { try await output.send(bytes, deadline: .seconds(2)) },
                .timedOut, "write")
            try same(start.duration(to: bench.clock.now), .seconds(2), "time")
            await gadget.takeWrites()
            let setup = SetupPacket(requestType: 0xC0, request: 1, value: 9, index: 0, length: 1)
            try same(
                await code { try await device.controlRead(setup, deadline: .seconds(3)) },
                .timedOut, "control")
            try same(start.duration(to: bench.clock.now), .seconds(5), "time")
        }
    }

    @Test("U-9: control requests answer, and a refusal needs no reset")
    func control() throws {
        try onBench(seeds: 0..<4, Self.script) { bench in
            _ = try await bench.open()
            let device = try bench.device
            let good = SetupPacket(requestType: 0xC0, request: 1, value: 9, index: 0, length: 1)
            let bad = SetupPacket(requestType: 0xC0, request: 2, value: 9, index: 0, length: 1)
            for _ in 0..<3 {
                try same(await code { try await device.controlRead(bad) }, .stalled, "refused")
                try same(try await device.controlRead(good), [9], "answer")
            }
        }
    }

    @Test("U-12: a stall lasts until the reset; then the pipe works again")
    func reset() throws {
        let faults = FaultPlan([FaultRule(0x82, transfer: 1, .stall)])
        try onBench(Self.script) { bench in
            let (_, gadget, _) = try await bench.open(faults: faults)
            let (input, _) = try await bench.pipes
            for _ in 0..<2 {
                try same(await code { try await input.read(upTo: 64) }, .stalled, "stalled")
            }
            try await input.reset()
            let read = bench.client { try await input.read(upTo: 64) }
            await gadget.send([5])
            try same(try await read.value.get(), [5], "bytes")
        }
    }

    @Test("U-12: a reset ends what is in flight, and what comes meanwhile does not meet it (L9)")
    func resetWhileBusy() throws {
        try onBench(seeds: 0..<64, Self.script) { bench in
            let (_, gadget, _) = try await bench.open()
            let (input, _) = try await bench.pipes
            // Tasks of no actor, so that they change places at every call.
            let reads = (0..<6).map { number in
                bench.client {
                    await bench.clock.wait(for: .nanoseconds(number))
                    return try await input.read(upTo: 64)
                }
            }
            let resets = (0..<3).map { number in
                bench.client {
                    await bench.clock.wait(for: .nanoseconds(number))
                    try await input.reset()
                }
            }
            for reset in resets { try same(await reset.value.code, nil, "reset") }
            let sender = bench.client { () -> Int in
                for _ in 0..<6 { await gadget.send([1]) }
                return 0
            }
            for read in reads {
                let code = await read.value.code
                try check(code == nil || code == .cancelled, "\(String(describing: code))")
            }
            _ = sender
        }
    }

    @Test(
        "U-6: another setting ends the interface's pipes; selecting the one in force does nothing")
    func alternateSetting() throws {
        try onBench(Self.script) { bench in
            let (_, gadget, _) = try await bench.open()
            let (input, output) = try await bench.pipes
            let device = try bench.device
            try await device.selectAlternateSetting(0, of: 0)
            try same(await gadget.settings, [], "nothing was sent")
            let read = bench.client { try await input.read(upTo: 64) }
            await bench.settle()
            try await device.selectAlternateSetting(1, of: 0)
            try same(await gadget.settings, [1], "settings")
            try same(await read.value.code, .removed, "the read in flight")
            try same(await code { try await input.read(upTo: 1) }, .removed, "the old pipe")
            let bytes: [UInt8] = [1]
            try same(await code { try await output.send(bytes) }, .removed, "the other")
            try same(await code { try await device.pipe(0x01) }, .notFound, "not in this setting")
            _ = try await device.pipe(0x82)
            try same(
                await code { try await device.selectAlternateSetting(7, of: 0) }, .notFound, "none")
            try same(
                await code { try await device.selectAlternateSetting(0, of: 3) }, .notFound, "none")
        }
    }

    @Test(
        "U-6: a setting that the device refuses leaves the interface without pipes, until another")
    func refusedSetting() throws {
        let faults = FaultPlan([FaultRule(.control, transfers: 2...2, request: 11, .stall)])
        try onBench(seeds: 0..<2, Self.script) { bench in
            _ = try await bench.open(faults: faults)
            let device = try bench.device
            try same(
                await code { try await device.selectAlternateSetting(1, of: 0) }, .stalled, "select"
            )
            try same(await code { try await device.pipe(0x82) }, .notFound, "pipe")
            try await device.selectAlternateSetting(0, of: 0)
            _ = try await device.pipe(0x82)
        }
    }

    @Test(
        "PNP-8: whoever waits on a pipe at an unplug gets `.removed`",
        arguments: UnplugKind.allCases)
    func unplug(kind: UnplugKind) throws {
        try onBench(seeds: 0..<32, Self.script) { bench in
            let (plug, _, file) = try await bench.open()
            let (input, _) = try await bench.pipes
            let reads = (0..<4).map { number in
                bench.client {
                    await bench.clock.wait(for: .nanoseconds(number))
                    return try await input.read(upTo: 64)
                }
            }
            await bench.clock.wait(for: .nanoseconds(Int(bench.simulation.seed % 5)))
            await plug.unplug(pending: kind)
            for read in reads { try same(await read.value.code, .removed, "code") }
            await file.close()
        }
    }
}

extension Bench {
    /// The bulk pipes of the driver, IN and OUT.
    fileprivate var pipes: (USBPipe, USBPipe) {
        get async throws {
            let driver = try driver
            guard let input = await driver.input, let output = await driver.output else {
                throw Surprise("no pipes")
            }
            return (input, output)
        }
    }
}

extension USBPipe {
    fileprivate func send(
        _ bytes: [UInt8], deadline: Duration? = nil
    ) async throws(DeviceError) -> Int {
        try await write(unsafe bytes.span.bytes, deadline: deadline)
    }
}
