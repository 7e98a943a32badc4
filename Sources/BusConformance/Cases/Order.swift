internal import USBBus
internal import USBTypes

extension ConformanceSuite {
    private static let packet = ReferenceDevice.bulkPacket

    static let order: [ConformanceCase] = [
        ConformanceCase(
            "order", "Transfers of one endpoint complete in the order of their submits."
        ) { run in
            let device = try await run.device()
            let count = 16
            let inputs = try (0..<count).map { _ in
                try run.probe(device, ReferenceDevice.loopIn, capacity: packet)
            }
            let outputs = try (0..<count).map { _ in
                try run.probe(device, ReferenceDevice.loopOut, capacity: packet)
            }
            for input in inputs { try input.submit(packet) }
            for (index, output) in outputs.enumerated() { try output.send([UInt8(index), 7]) }
            var moments = (in: 0, out: 0)
            for index in 0..<count {
                let got = try await inputs[index].success()
                let sent = try await outputs[index].success()
                try run.expect(got.bytes == [UInt8(index), 7], "Message \(index) is \(got.bytes).")
                try run.expect(
                    got.moment > moments.in && sent.moment > moments.out,
                    "Completion \(index) came out of order.")
                moments = (got.moment, sent.moment)
            }
        },
        ConformanceCase(
            "resubmit-in-handler", "A handler may submit its transfer again."
        ) { run in
            let device = try await run.deviceWithStreams()
            let rounds = 200
            var failure: (any Error)?
            var got: [UInt8] = []
            let probes = try (0..<3).map { _ in
                try run.probe(device, ReferenceDevice.source, capacity: packet)
            }
            var left = rounds - probes.count
            for probe in probes {
                probe.onCompletion = { record in
                    got += record.bytes
                    guard left > 0 else { return }
                    left -= 1
                    do { try probe.submit(packet) } catch { failure = error }
                }
            }
            for probe in probes { try probe.submit(packet) }
            try await run.wait(for: "\(rounds) completions") {
                probes.reduce(0) { $0 + $1.completions.count } == rounds || failure != nil
            }
            if let failure { throw failure }
            try run.expect(got == run.pattern(rounds * packet), "The stream is broken.")
        },
        ConformanceCase(
            "in-waits", "An IN without data stays in flight."
        ) { run in
            let device = try await run.device()
            let input = try run.probe(device, ReferenceDevice.silentIn, capacity: packet)
            try input.submit(packet)
            await run.settle()
            try run.expect(input.isInFlight, "It ended as \(input.completions[0].status).")
            try await run.tell(device, .send, 5, on: ReferenceDevice.silentIn)
            let got = try await input.success()
            try run.expect(got.bytes == run.pattern(5), "\(got.length) bytes.")
        },
        ConformanceCase(
            "endpoints-independent", "An endpoint that waits holds up no other."
        ) { run in
            let device = try await run.device()
            let silent = try run.probe(device, ReferenceDevice.silentIn, capacity: packet)
            let quiet = try run.probe(device, ReferenceDevice.interruptIn, capacity: 64)
            try silent.submit(packet)
            try quiet.submit(64)
            let output = try run.probe(device, ReferenceDevice.loopOut, capacity: packet)
            let input = try run.probe(device, ReferenceDevice.loopIn, capacity: packet)
            for length in 1...20 {
                try input.submit(packet)
                try output.send(run.pattern(length))
                _ = try await output.success()
                try run.expect(try await input.success().length == length, "A wrong length.")
            }
            try run.expect(silent.isInFlight && quiet.isInFlight, "A silent endpoint spoke.")
        },
        ConformanceCase(
            "out-waits", "An OUT that the device does not take stays in flight, then leaves."
        ) { run in
            let device = try await run.device()
            try await run.tell(device, .hold, 1, on: ReferenceDevice.interruptOut)
            let outputs = try (0..<3).map { _ in
                try run.probe(device, ReferenceDevice.interruptOut, capacity: 8)
            }
            for output in outputs { try output.send([1, 2, 3]) }
            _ = try await outputs[0].success()
            await run.settle()
            try run.expect(outputs[2].isInFlight, "The device took what it had no room for.")
            try await run.tell(device, .hold, 0, on: ReferenceDevice.interruptOut)
            for output in outputs[1...] { _ = try await output.success() }
            let counts = try await run.ask(device, .received, 2, on: ReferenceDevice.interruptOut)
            try run.expect(counts == [3, 9], "The device saw \(counts).")
        },
        ConformanceCase(
            "everything-at-once", "Many transfers on all endpoints at once end as they should."
        ) { run in
            let device = try await run.deviceWithStreams()
            var failure: (any Error)?
            var done = 0
            func keepGoing(_ probe: TransferProbe, _ rounds: Int, _ length: Int) throws {
                var left = rounds - 1
                probe.onCompletion = { record in
                    done += 1
                    guard record.status == .completed, left > 0 else { return }
                    left -= 1
                    do { try probe.submit(length) } catch { failure = error }
                }
                try probe.submit(length)
            }
            var expected = 0
            for (endpoint, count, length) in [
                (ReferenceDevice.loopOut, 2, 700), (ReferenceDevice.sink, 3, 1024),
                (ReferenceDevice.source, 3, 1024), (ReferenceDevice.interruptOut, 2, 64),
            ] {
                for _ in 0..<count {
                    try keepGoing(
                        try run.probe(device, endpoint, capacity: length), 30, length)
                    expected += 30
                }
            }
            for _ in 0..<2 {
                try keepGoing(
                    try run.probe(device, ReferenceDevice.loopIn, capacity: 1024), 30, 1024)
                expected += 30
            }
            try await run.wait(for: "\(expected) completions") {
                done == expected || failure != nil
            }
            if let failure { throw failure }
            let counts = try await run.ask(device, .received, 2, on: ReferenceDevice.loopOut)
            try run.expect(counts == [60, 42000], "The device saw \(counts).")
        },
    ]
}
