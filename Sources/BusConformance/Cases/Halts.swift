internal import USBBus
internal import USBTypes

extension ConformanceSuite {
    private static let packet = ReferenceDevice.bulkPacket

    static let halts: [ConformanceCase] = [
        ConformanceCase(
            "halt-clear", "A halted endpoint stalls its transfers until the halt is cleared."
        ) { run in
            let device = try await run.device()
            for (endpoint, length) in [
                (ReferenceDevice.silentIn, packet), (ReferenceDevice.interruptIn, 64),
            ] {
                let input = try run.probe(device, endpoint, capacity: length)
                try await run.tell(device, .halt, on: endpoint)
                for _ in 0..<2 {
                    try input.submit(length)
                    let record = try await input.completion()
                    try run.expect(record.status == .stalled, "It ended as \(record.status).")
                }
                try await device.clearHalt(endpoint)
                try input.submit(length)
                try await run.tell(device, .send, 7, on: endpoint)
                let got = try await input.success()
                try run.expect(got.bytes == run.pattern(7), "\(got.length) of 7 bytes.")
            }
        },
        ConformanceCase("halt-out", "An OUT endpoint halts and recovers as well.") { run in
            let device = try await run.device()
            let output = try run.probe(device, ReferenceDevice.loopOut, capacity: 8)
            let input = try run.probe(device, ReferenceDevice.loopIn, capacity: packet)
            try await run.tell(device, .halt, on: ReferenceDevice.loopOut)
            try output.send([1, 2, 3])
            let record = try await output.completion()
            try run.expect(
                record.status == .stalled && record.length == 0,
                "It ended as \(record.status) with \(record.length).")
            try await device.clearHalt(ReferenceDevice.loopOut)
            try input.submit(packet)
            try output.send([4, 5])
            _ = try await output.success()
            try run.expect(try await input.success().bytes == [4, 5], "Other bytes came back.")
        },
        ConformanceCase(
            "halt-in-flight", "A transfer in flight ends as stalled when its endpoint halts."
        ) { run in
            let device = try await run.device()
            let input = try run.probe(device, ReferenceDevice.silentIn, capacity: packet)
            try input.submit(packet)
            await run.settle()
            try await run.tell(device, .halt, on: ReferenceDevice.silentIn)
            let record = try await input.completion()
            try run.expect(record.status == .stalled, "It ended as \(record.status).")
            try await device.clearHalt(ReferenceDevice.silentIn)
        },
        ConformanceCase("halt-others", "A halt of one endpoint touches no other.") { run in
            let device = try await run.device()
            try await run.tell(device, .halt, on: ReferenceDevice.silentIn)
            let output = try run.probe(device, ReferenceDevice.loopOut, capacity: 8)
            let input = try run.probe(device, ReferenceDevice.loopIn, capacity: packet)
            try input.submit(packet)
            try output.send([9])
            _ = try await output.success()
            try run.expect(try await input.success().bytes == [9], "Another byte came back.")
            try await device.clearHalt(ReferenceDevice.silentIn)
        },
        ConformanceCase(
            "clear-needless", "Clearing a halt that is not there does no harm."
        ) { run in
            let device = try await run.device()
            try await device.clearHalt(ReferenceDevice.loopIn)
            try await device.clearHalt(ReferenceDevice.loopOut)
            let output = try run.probe(device, ReferenceDevice.loopOut, capacity: 8)
            let input = try run.probe(device, ReferenceDevice.loopIn, capacity: packet)
            for byte in [1, 2, 3] as [UInt8] {
                try input.submit(packet)
                try output.send([byte])
                _ = try await output.success()
                try run.expect(try await input.success().bytes == [byte], "Another came back.")
            }
        },
        ConformanceCase(
            "clear-unknown", "There is no halt to clear of an endpoint that is not there."
        ) { run in
            let device = try await run.device()
            try await run.expect(.notFound, of: "clearHalt of 0x0f") {
                try await device.clearHalt(0x0F)
            }
        },
    ]
}
