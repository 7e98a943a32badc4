internal import USBBus
internal import USBTypes

extension ConformanceSuite {
    private static let packet = ReferenceDevice.bulkPacket

    static let lengths: [ConformanceCase] = [
        ConformanceCase(
            "bulk-lengths", "Bulk messages of every length arrive and come back."
        ) { run in
            let device = try await run.device()
            let output = try run.probe(device, ReferenceDevice.loopOut, capacity: 4 * packet)
            let input = try run.probe(device, ReferenceDevice.loopIn, capacity: 5 * packet)
            for length in [1, 2, 63, 64, 65, 511, 512, 513, 1023, 1024, 1025, 2048] {
                let data = run.pattern(length)
                try input.submit(5 * packet)
                try output.send(data)
                let sent = try await output.success()
                try run.expect(sent.length == length, "\(sent.length) of \(length) bytes left.")
                try run.expect(sent.bytes.isEmpty, "An OUT completed with bytes.")
                let got = try await input.success()
                try run.expect(
                    got.bytes == data && got.length == length,
                    "Of \(length) bytes \(got.length) came back.")
            }
        },
        ConformanceCase(
            "bulk-exact", "An IN of exactly the message's length completes with it."
        ) { run in
            let device = try await run.device()
            let output = try run.probe(device, ReferenceDevice.loopOut, capacity: 2 * packet)
            let input = try run.probe(device, ReferenceDevice.loopIn, capacity: 2 * packet)
            for length in [packet, 2 * packet, 100, packet + 1] {
                try output.send(run.pattern(length))
                try input.submit(length)
                _ = try await output.success()
                let got = try await input.success()
                try run.expect(
                    got.bytes == run.pattern(length), "Of \(length) bytes \(got.length) came.")
            }
        },
        ConformanceCase(
            "bulk-longer", "A message longer than the transfer goes on in the next one."
        ) { run in
            let device = try await run.device()
            let output = try run.probe(device, ReferenceDevice.loopOut, capacity: 4 * packet)
            let input = try run.probe(device, ReferenceDevice.loopIn, capacity: packet)
            let data = run.pattern(2 * packet + 10)
            try output.send(data)
            var got: [UInt8] = []
            for length in [packet, packet, 10] {
                try input.submit(packet)
                let record = try await input.success()
                try run.expect(record.length == length, "\(record.length) bytes, not \(length).")
                got += record.bytes
            }
            try run.expect(got == data, "The parts are not the message.")
            _ = try await output.success()
        },
        ConformanceCase(
            "bulk-zero-in", "A zero-length packet ends an IN with no bytes."
        ) { run in
            let device = try await run.device()
            let input = try run.probe(device, ReferenceDevice.silentIn, capacity: packet)
            try input.submit(packet)
            try await run.tell(device, .send, 0, on: ReferenceDevice.silentIn)
            let got = try await input.success()
            try run.expect(got.length == 0, "\(got.length) bytes.")
        },
        ConformanceCase(
            "bulk-zero-out", "An OUT of no bytes reaches the device as an empty packet."
        ) { run in
            let device = try await run.device()
            let output = try run.probe(device, ReferenceDevice.interruptOut, capacity: 8)
            try output.submit(0)
            let sent = try await output.success()
            try run.expect(sent.length == 0, "\(sent.length) bytes.")
            let counts = try await run.ask(device, .received, 2, on: ReferenceDevice.interruptOut)
            try run.expect(counts == [1, 0], "It saw \(counts).")
        },
        ConformanceCase(
            "zero-packet", "An OUT of whole packets ends with an empty one if asked to (L18)."
        ) { run in
            let device = try await run.deviceWithStreams()
            let output = try run.probe(device, ReferenceDevice.sink, capacity: 2 * packet)
            try output.send(run.pattern(2 * packet), zeroPacket: true)
            let sent = try await output.success()
            try run.expect(sent.length == 2 * packet, "\(sent.length) bytes.")
            var counts = try await run.ask(device, .received, 2, on: ReferenceDevice.sink)
            try run.expect(counts == [2, 2 * packet], "With it, the device saw \(counts).")
            try output.send(run.pattern(2 * packet))
            _ = try await output.success()
            counts = try await run.ask(device, .received, 2, on: ReferenceDevice.sink)
            try run.expect(counts == [3, 4 * packet], "Without it, the device saw \(counts).")
            try output.send(run.pattern(10), zeroPacket: true)
            _ = try await output.success()
            counts = try await run.ask(device, .received, 2, on: ReferenceDevice.sink)
            try run.expect(
                counts == [4, 4 * packet + 10], "Behind a short packet, it saw \(counts).")
        },
        ConformanceCase(
            "rounding", "An IN of less than a packet takes what is not longer (L18)."
        ) { run in
            let device = try await run.device()
            let input = try run.probe(device, ReferenceDevice.silentIn, capacity: 10)
            for length in [10, 1, 0] {
                try input.submit(10)
                try await run.tell(device, .send, length, on: ReferenceDevice.silentIn)
                let got = try await input.success()
                try run.expect(got.bytes == run.pattern(length), "\(got.length) of \(length).")
            }
        },
        ConformanceCase(
            "overflow", "A message longer than the IN that cannot take it overflows it (L18)."
        ) { run in
            let device = try await run.device()
            let input = try run.probe(device, ReferenceDevice.silentIn, capacity: 10)
            try input.submit(10)
            try await run.tell(device, .send, 64, on: ReferenceDevice.silentIn)
            let record = try await input.completion()
            try run.expect(record.status == .overflow, "It ended as \(record.status).")
            try run.expect(record.length <= 10, "\(record.length) bytes in 10.")
        },
        ConformanceCase(
            "bulk-large", "64 KiB in one transfer, both ways, arrive whole."
        ) { run in
            let device = try await run.deviceWithStreams()
            let size = 65536
            let output = try run.probe(device, ReferenceDevice.sink, capacity: size)
            let input = try run.probe(device, ReferenceDevice.source, capacity: size)
            try output.send(run.pattern(size))
            try input.submit(size)
            let sent = try await output.success()
            try run.expect(sent.length == size, "\(sent.length) bytes left.")
            let got = try await input.success()
            try run.expect(got.bytes == run.pattern(size), "\(got.length) bytes came.")
            let counts = try await run.ask(device, .received, 2, on: ReferenceDevice.sink)
            try run.expect(counts == [1, size], "The device saw \(counts).")
        },
        ConformanceCase("interrupt", "Interrupt messages arrive, both ways.") { run in
            let device = try await run.device()
            let input = try run.probe(device, ReferenceDevice.interruptIn, capacity: 64)
            let output = try run.probe(device, ReferenceDevice.interruptOut, capacity: 64)
            var total = 0
            for length in [1, 8, 63, 64] {
                try input.submit(64)
                try await run.tell(device, .send, length, on: ReferenceDevice.interruptIn)
                let got = try await input.success()
                try run.expect(got.bytes == run.pattern(length), "\(got.length) of \(length).")
                try output.send(run.pattern(length))
                total += try await output.success().length
            }
            let counts = try await run.ask(device, .received, 2, on: ReferenceDevice.interruptOut)
            try run.expect(counts == [4, total] && total == 136, "The device saw \(counts).")
        },
        ConformanceCase(
            "memory-kept", "What an OUT was filled with is still there after it (L8)."
        ) { run in
            let device = try await run.deviceWithStreams()
            let output = try run.probe(device, ReferenceDevice.sink, capacity: 600)
            try output.send(run.pattern(600))
            _ = try await output.success()
            var isKept = true
            output.transfer.withMutableBytes { memory in
                for (offset, byte) in run.pattern(600).enumerated() {
                    if memory.bytes.byte(at: offset) != byte { isKept = false }
                }
            }
            try run.expect(isKept, "The memory changed.")
        },
    ]
}
