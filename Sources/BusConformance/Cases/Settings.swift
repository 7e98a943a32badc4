internal import USBBus
internal import USBTypes

extension ConformanceSuite {
    private static let packet = ReferenceDevice.bulkPacket
    private static let other = ReferenceDevice.settingsInterface

    static let settings: [ConformanceCase] = [
        ConformanceCase(
            "setting-endpoints", "Endpoints come and go with the alternate setting."
        ) { run in
            let device = try await run.device(claiming: [other])
            for _ in 0..<2 {
                try await run.expect(.notFound, of: "A transfer of another setting") {
                    _ = try run.probe(device, ReferenceDevice.source, capacity: packet)
                }
                try await device.setAlternateSetting(1, of: other)
                let input = try run.probe(device, ReferenceDevice.source, capacity: packet)
                try input.submit(packet)
                let got = try await input.success()
                try run.expect(got.bytes == run.pattern(packet), "The source is wrong.")
                try await device.setAlternateSetting(0, of: other)
            }
        },
        ConformanceCase(
            "setting-stale", "A transfer of a setting that was left cannot be submitted."
        ) { run in
            let device = try await run.deviceWithStreams()
            let input = try run.probe(device, ReferenceDevice.source, capacity: packet)
            try await device.setAlternateSetting(0, of: other)
            try await run.expect(.notFound, of: "A submit to an endpoint that is gone") {
                try input.submit(packet)
            }
            try run.expect(input.completions.isEmpty, "It ended although its submit threw.")
        },
        ConformanceCase(
            "setting-unknown", "Settings that are not there cannot be selected."
        ) { run in
            let device = try await run.device(claiming: [other])
            try await run.expect(.notFound, of: "setting 7") {
                try await device.setAlternateSetting(7, of: other)
            }
            try await run.expect(.notFound, of: "a setting of an unclaimed interface") {
                try await device.setAlternateSetting(0, of: ReferenceDevice.mainInterface)
            }
        },
        ConformanceCase(
            "setting-clears", "Selecting a setting clears halts of its endpoints."
        ) { run in
            let device = try await run.deviceWithStreams()
            try await run.tell(device, .halt, on: ReferenceDevice.source)
            try await device.setAlternateSetting(1, of: other)
            let input = try run.probe(device, ReferenceDevice.source, capacity: packet)
            try input.submit(packet)
            _ = try await input.success()
        },
        ConformanceCase(
            "configuration-same",
            "Selecting the configuration in force sends nothing (L23)."
        ) { run in
            let device = try await run.device(claiming: [])
            let before = try await run.ask(device, .selections, 3)
            try await device.setConfiguration(1)
            let after = try await run.ask(device, .selections, 3)
            try run.expect(before == after, "The device saw \(before), then \(after).")
        },
        ConformanceCase(
            "configuration-busy", "No other configuration while an interface is claimed (L23)."
        ) { run in
            let device = try await run.device()
            try await run.expect(.busy, of: "setConfiguration") {
                try await device.setConfiguration(0)
            }
        },
        ConformanceCase(
            "reset-kept", "A device that was reset is the same, in the settings it had (L22).",
            needs: [.reset]
        ) { run in
            let device = try await run.deviceWithStreams()
            let outcome = try await device.reset()
            try run.expect(outcome == .kept, "It was \(outcome).")
            let input = try run.probe(device, ReferenceDevice.source, capacity: packet)
            try input.submit(packet)
            _ = try await input.success()
            try run.expect(run.arrivals.count == 1, "It arrived again.")
        },
        ConformanceCase(
            "reset-seen", "A reset reaches the device (USB 2.0 §9.1.1.3).",
            needs: [.reset, .resetOnTheWire]
        ) { run in
            let device = try await run.device(claiming: [])
            _ = try await device.reset()
            let counts = try await run.ask(device, .selections, 3)
            try run.expect(counts[2] > 0, "The device saw no reset.")
        },
    ]
}
