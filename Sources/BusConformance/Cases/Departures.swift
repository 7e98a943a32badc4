internal import USBBus
internal import USBTypes

extension ConformanceSuite {
    private static let packet = ReferenceDevice.bulkPacket

    static let departures: [ConformanceCase] = [
        ConformanceCase(
            "submit-gone", "After the departure a submit says that the device is gone.",
            needs: [.unplug]
        ) { run in
            let device = try await run.device()
            let input = try run.probe(device, ReferenceDevice.silentIn, capacity: packet)
            try await run.unplug()
            try await run.expect(.deviceGone, of: "A submit after the departure") {
                try input.submit(packet)
            }
            await run.settle()
            try run.expect(input.completions.isEmpty, "It ended although its submit threw.")
        },
        ConformanceCase(
            "unplug", "Unplugged with 1…32 transfers in flight, each ends once (L7, L12).",
            needs: [.unplug]
        ) { run in try await unplugInFlight(.any, run) },
        ConformanceCase(
            "unplug-error", "The same when they fail before the departure (L12).",
            needs: [.unplug, .unplugEndingWithError]
        ) { run in try await unplugInFlight(.endingWithError, run) },
        ConformanceCase(
            "unplug-late", "The same when they end after the departure (L12).",
            needs: [.unplug, .unplugEndingAfterDeparture]
        ) { run in try await unplugInFlight(.endingAfterDeparture, run) },
        ConformanceCase(
            "unplug-vanished", "The same when nothing ends until it is cancelled.",
            needs: [.unplug, .unplugVanishing]
        ) { run in try await unplugInFlight(.vanishing, run) },
        ConformanceCase(
            "unplug-resubmitting", "A handler that always submits again ends with the device.",
            needs: [.unplug]
        ) { run in
            let device = try await run.deviceWithStreams()
            var refused: [BusError] = []
            let probes = try (0..<4).map { _ in
                try run.probe(device, ReferenceDevice.source, capacity: packet)
            }
            for probe in probes {
                probe.onCompletion = { _ in
                    do throws(BusError) { try probe.submit(packet) } catch { refused.append(error) }
                }
                try probe.submit(packet)
            }
            try await run.wait(for: "some data") { probes[0].completions.count > 10 }
            try await run.unplug()
            for probe in probes where probe.isInFlight { probe.cancel() }
            try await run.wait(for: "the last completions") { refused.count == probes.count }
            try run.expect(
                refused.allSatisfy { $0.code == .deviceGone }, "A submit was refused otherwise.")
        },
        ConformanceCase(
            "unplug-everywhere", "Unplugged with every endpoint busy, each transfer ends once.",
            needs: [.unplug]
        ) { run in
            let device = try await run.deviceWithStreams()
            try await run.tell(device, .hold, 1, on: ReferenceDevice.interruptOut)
            var probes: [TransferProbe] = []
            for endpoint in [
                ReferenceDevice.loopOut, ReferenceDevice.loopIn, ReferenceDevice.silentIn,
                ReferenceDevice.interruptOut, ReferenceDevice.interruptIn, ReferenceDevice.sink,
                ReferenceDevice.source,
            ] {
                for _ in 0..<3 {
                    let probe = try run.probe(device, endpoint, capacity: 64)
                    try probe.submit(64)
                    probes.append(probe)
                }
            }
            try await run.unplug()
            for probe in probes { probe.cancel() }
            for probe in probes { _ = try await probe.completion() }
            await run.settle()
            try run.expect(
                probes.allSatisfy { $0.completions.count == 1 }, "A transfer ended twice.")
        },
        ConformanceCase(
            "replug-works", "The device that comes back after an unplug in flight works.",
            needs: [.unplug]
        ) { run in
            for round in 0..<3 {
                let device = try await run.device()
                let input = try run.probe(device, ReferenceDevice.loopIn, capacity: packet)
                let output = try run.probe(device, ReferenceDevice.loopOut, capacity: 8)
                try input.submit(packet)
                try output.send([UInt8(round)])
                _ = try await output.success()
                let got = try await input.success()
                try run.expect(got.bytes == [UInt8(round)], "Round \(round) came back wrong.")
                try input.submit(packet)
                try await run.unplug()
                input.cancel()
                _ = try await input.completion()
                await device.close()
            }
        },
    ]

    private static func unplugInFlight(
        _ kind: ConformanceUnplug, _ run: ConformanceRun
    ) async throws {
        for count in [1, 2, 7, 32] {
            let device = try await run.device()
            let probes = try (0..<count).map { _ in
                try run.probe(device, ReferenceDevice.silentIn, capacity: packet)
            }
            for probe in probes { try probe.submit(packet) }
            try await run.unplug(kind)
            if kind == .vanishing {
                await run.settle()
                try run.expect(
                    probes.allSatisfy(\.isInFlight), "A transfer ended by itself.")
                for probe in probes { probe.cancel() }
            }
            for probe in probes {
                let record = try await probe.completion()
                let isFitting =
                    kind == .vanishing
                    ? record.status == .cancelled
                    : record.status == .failed || record.status == .deviceGone
                try run.expect(isFitting, "With \(count), one ended as \(record.status).")
            }
            await run.settle()
            try run.expect(
                probes.allSatisfy { $0.completions.count == 1 }, "A transfer ended twice.")
            await device.close()
        }
    }
}
