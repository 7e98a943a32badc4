internal import USBBus
internal import USBTypes

extension ConformanceSuite {
    private static func echo(_ direction: Direction, _ length: Int) -> SetupPacket {
        SetupPacket(
            direction, .vendor, request: ReferenceDevice.Request.echo.rawValue,
            length: UInt16(length))
    }

    static let control: [ConformanceCase] = [
        ConformanceCase(
            "control-echo", "Control data of every length arrives and comes back (L19)."
        ) { run in
            let device = try await run.device()
            for length in [0, 1, 8, 63, 64, 65, 128, 511, 512, 513, 4095, 4096] {
                let data = run.pattern(length)
                let sent = try await run.request(device, echo(.out, length), data)
                try run.expect(
                    sent.status == .completed && sent.length == length,
                    "Sending \(length) bytes ended as \(sent.status) with \(sent.length).")
                let got = try await run.request(device, echo(.in, length))
                try run.expect(
                    got.status == .completed && got.bytes == data,
                    "Of \(length) bytes \(got.bytes.count) came back, \(got.status).")
            }
        },
        ConformanceCase(
            "control-short", "A device may answer with less than was asked for."
        ) { run in
            let device = try await run.device()
            for (answered, asked) in [(0, 64), (1, 64), (63, 64), (64, 65), (64, 128), (100, 512)] {
                let got = try await run.request(
                    device,
                    SetupPacket(
                        .in, .vendor, request: ReferenceDevice.Request.answer.rawValue,
                        value: UInt16(answered), length: UInt16(asked)))
                try run.expect(
                    got.status == .completed && got.bytes == run.pattern(answered),
                    "\(answered) of \(asked) bytes: \(got.status) with \(got.bytes.count).")
            }
        },
        ConformanceCase(
            "control-refused", "A refused request ends as stalled, and the next one works."
        ) { run in
            let device = try await run.device()
            for direction in Direction.allCases {
                for length in [0, 8] {
                    let refusal = SetupPacket(
                        direction, .vendor, request: ReferenceDevice.Request.refuse.rawValue,
                        length: UInt16(length))
                    let record = try await run.request(
                        device, refusal, [UInt8](repeating: 0, count: length))
                    try run.expect(record.status == .stalled, "It ended as \(record.status).")
                    _ = try await run.ask(device, .received, 2)
                }
            }
        },
        ConformanceCase(
            "control-limit", "More control data than Linux carries is refused when made (L19)."
        ) { run in
            let device = try await run.device()
            _ = try run.probe(device, .control, capacity: 4096)
            try await run.expect(.invalidRequest, of: "4097 bytes of control data") {
                _ = try run.probe(device, .control, capacity: 4097)
            }
        },
        ConformanceCase(
            "control-queued", "Control transfers may queue, and end in their order."
        ) { run in
            let device = try await run.device()
            let probes = try (0..<8).map { _ in try run.probe(device, .control, capacity: 64) }
            for (index, probe) in probes.enumerated() {
                probe.transfer.setup = SetupPacket(
                    .in, .vendor, request: ReferenceDevice.Request.answer.rawValue,
                    value: UInt16(index + 1), length: 64)
                try probe.submit(64)
            }
            var last = 0
            for (index, probe) in probes.enumerated() {
                let record = try await probe.success()
                try run.expect(record.length == index + 1, "Answer \(index) is another's.")
                try run.expect(record.moment > last, "Answer \(index) came out of order.")
                last = record.moment
            }
        },
    ]
}
