internal import USBBus
internal import USBTypes

extension ConformanceSuite {
    private static let packet = ReferenceDevice.bulkPacket

    static let cancelling: [ConformanceCase] = [
        ConformanceCase("cancel-idle", "Cancelling an idle transfer does nothing (L6).") { run in
            let device = try await run.device()
            let input = try run.probe(device, ReferenceDevice.silentIn, capacity: packet)
            input.cancel()
            await run.settle()
            try run.expect(input.completions.isEmpty, "It ended without a submit.")
            try input.submit(packet)
            try await run.tell(device, .send, 3, on: ReferenceDevice.silentIn)
            _ = try await input.success()
            input.cancel()
            await run.settle()
            try run.expect(input.completions.count == 1, "It ended twice.")
        },
        ConformanceCase(
            "cancel-in", "A cancelled IN ends as cancelled, once, and can be used again (L6)."
        ) { run in
            let device = try await run.device()
            let input = try run.probe(device, ReferenceDevice.silentIn, capacity: packet)
            for _ in 0..<20 {
                try input.submit(packet)
                input.cancel()
                input.cancel()
                let record = try await input.completion()
                try run.expect(
                    record.status == .cancelled && record.length == 0,
                    "It ended as \(record.status) with \(record.length).")
            }
            try input.submit(packet)
            try await run.tell(device, .send, 9, on: ReferenceDevice.silentIn)
            let got = try await input.success()
            try run.expect(got.bytes == run.pattern(9), "\(got.length) of 9 bytes.")
        },
        ConformanceCase(
            "cancel-out", "A cancelled OUT that the device had not taken never reaches it."
        ) { run in
            let device = try await run.device()
            try await run.tell(device, .hold, 1, on: ReferenceDevice.interruptOut)
            let first = try run.probe(device, ReferenceDevice.interruptOut, capacity: 8)
            let second = try run.probe(device, ReferenceDevice.interruptOut, capacity: 8)
            let third = try run.probe(device, ReferenceDevice.interruptOut, capacity: 8)
            for probe in [first, second, third] { try probe.send([1, 2]) }
            _ = try await first.success()
            await run.settle()
            third.cancel()
            let record = try await third.completion()
            try run.expect(
                record.status == .cancelled && record.length == 0,
                "It ended as \(record.status) with \(record.length).")
            try await run.tell(device, .hold, 0, on: ReferenceDevice.interruptOut)
            _ = try await second.success()
            let counts = try await run.ask(device, .received, 2, on: ReferenceDevice.interruptOut)
            try run.expect(counts == [2, 4], "The device saw \(counts).")
        },
        ConformanceCase(
            "cancel-one", "Cancelling one transfer touches no other of its endpoint (L6)."
        ) { run in
            let device = try await run.device()
            let probes = try (0..<5).map { _ in
                try run.probe(device, ReferenceDevice.silentIn, capacity: packet)
            }
            for probe in probes { try probe.submit(packet) }
            probes[2].cancel()
            let record = try await probes[2].completion()
            try run.expect(record.status == .cancelled, "It ended as \(record.status).")
            await run.settle()
            for (index, probe) in probes.enumerated() where index != 2 {
                try run.expect(probe.isInFlight, "Transfer \(index) ended with it.")
            }
            for _ in 0..<4 { try await run.tell(device, .send, 6, on: ReferenceDevice.silentIn) }
            for index in [0, 1, 3, 4] {
                try run.expect(try await probes[index].success().length == 6, "A wrong length.")
            }
        },
        ConformanceCase(
            "cancel-all", "32 transfers of two endpoints, all cancelled, all end (L6, L7)."
        ) { run in
            let device = try await run.device()
            let probes = try (0..<32).map { index in
                try run.probe(
                    device,
                    index % 2 == 0 ? ReferenceDevice.silentIn : ReferenceDevice.interruptIn,
                    capacity: 64)
            }
            for probe in probes { try probe.submit(64) }
            for probe in probes.reversed() { probe.cancel() }
            for probe in probes {
                let record = try await probe.completion()
                try run.expect(record.status == .cancelled, "One ended as \(record.status).")
            }
        },
        ConformanceCase(
            "cancel-in-handler", "A handler may cancel another transfer."
        ) { run in
            let device = try await run.device()
            let first = try run.probe(device, ReferenceDevice.silentIn, capacity: packet)
            let second = try run.probe(device, ReferenceDevice.silentIn, capacity: packet)
            first.onCompletion = { _ in second.cancel() }
            try first.submit(packet)
            try second.submit(packet)
            try await run.tell(device, .send, 4, on: ReferenceDevice.silentIn)
            _ = try await first.success()
            let record = try await second.completion()
            try run.expect(record.status == .cancelled, "It ended as \(record.status).")
        },
        ConformanceCase(
            "cancel-races", "However a cancel races the data, no byte is lost or doubled (L6)."
        ) { run in
            let device = try await run.device()
            let output = try run.probe(device, ReferenceDevice.loopOut, capacity: 8)
            let input = try run.probe(device, ReferenceDevice.loopIn, capacity: packet)
            var sent: [UInt8] = []
            var got: [UInt8] = []
            for round in 0..<60 {
                let message = [UInt8](repeating: UInt8(round), count: 5)
                try input.submit(packet)
                try output.send(message)
                for _ in 0..<(round % 12) { await run.turn() }
                input.cancel()
                sent += message
                let record = try await input.completion()
                try run.expect(
                    record.status == .completed || record.status == .cancelled,
                    "Round \(round) ended as \(record.status).")
                got += record.bytes
                if record.bytes.isEmpty {
                    try input.submit(packet)
                    got += try await input.success().bytes
                }
                _ = try await output.success()
            }
            try run.expect(got == sent, "\(sent.count) bytes were sent, \(got.count) came.")
        },
        ConformanceCase(
            "cancel-partial", "What a cancelled IN had received is there, or comes next (L17)."
        ) { run in
            let device = try await run.device()
            let input = try run.probe(device, ReferenceDevice.silentIn, capacity: 4 * packet)
            try input.submit(4 * packet)
            try await run.tell(device, .sendPart, packet, on: ReferenceDevice.silentIn)
            await run.settle()
            input.cancel()
            let record = try await input.completion()
            try run.expect(record.status == .cancelled, "It ended as \(record.status).")
            try run.expect(
                record.bytes.count % packet == 0, "\(record.bytes.count) bytes are no packets.")
            try await run.tell(device, .send, 100, on: ReferenceDevice.silentIn)
            try input.submit(4 * packet)
            let rest = try await input.success()
            try run.expect(
                record.bytes + rest.bytes == run.pattern(packet) + run.pattern(100),
                "\(record.length) and \(rest.length) bytes are not what was sent.")
        },
    ]
}
