internal import USBBus
internal import USBTypes

extension ConformanceSuite {
    static let arrivals: [ConformanceCase] = [
        ConformanceCase(
            "arrival-at-start", "A device present at the start is reported as an arrival."
        ) { run in
            try await run.bench.plug()
            try await run.start()
            try await run.wait(for: "the arrival of what was there") { run.arrivals.count == 1 }
        },
        ConformanceCase("arrival-once", "An arrival is reported once (L13).") { run in
            _ = try await run.plug()
            await run.settle()
            await run.bus.rescan()
            await run.settle()
            try run.expect(run.arrivals.count == 1, "\(run.arrivals.count) arrivals of one device.")
        },
        ConformanceCase(
            "departure-once", "A departure is reported once, and nothing after it (L12).",
            needs: [.unplug]
        ) { run in
            let attached = try await run.plug()
            try run.expect(run.departures(of: attached.id) == 0, "It departed before it was out.")
            try await run.unplug()
            await run.settle()
            await run.bus.rescan()
            await run.settle()
            try run.expect(
                run.departures(of: attached.id) == 1 && run.arrivals.count == 1,
                "\(run.departures(of: attached.id)) departures, \(run.arrivals.count) arrivals.")
        },
        ConformanceCase(
            "ids-never-reused", "Each arrival has an id that no other ever has (L13).",
            needs: [.unplug]
        ) { run in
            var ids: [AttachmentID] = []
            for _ in 0..<4 {
                let id = try await run.plug().id
                try run.expect(!ids.contains(id), "\(id) came again.")
                try await run.unplug()
                ids.append(id)
            }
            try run.expect(
                ids.allSatisfy { run.departures(of: $0) == 1 }, "Not every stay ended once.")
        },
        ConformanceCase(
            "place-survives-replug", "The ports name the same place again after a replug.",
            needs: [.unplug]
        ) { run in
            let first = try await run.plug()
            try await run.unplug()
            let second = try await run.plug()
            try run.expect(
                first.location.ports == second.location.ports && !first.location.ports.isEmpty,
                "It was at \(first.location) and came back at \(second.location).")
        },
        ConformanceCase(
            "described-unopened", "A device is described in full without being opened."
        ) { run in
            let attached = try await run.plug()
            try run.expect(attached.speed == .high, "Its speed is \(attached.speed).")
            try run.expect(attached.configurations.count == 1, "It has not one configuration.")
            try run.expect(
                attached.activeConfiguration == 1,
                "Configuration \(attached.activeConfiguration ?? 0) is in force.")
            let main = attached.configuration?.interface(ReferenceDevice.mainInterface)
            try run.expect(
                main?.alternateSetting(0)?.endpoints.count == 5, "Its endpoints are wrong.")
            let other = attached.configuration?.interface(ReferenceDevice.settingsInterface)
            try run.expect(other?.alternateSettings.count == 2, "Its settings are wrong.")
            if let serial = attached.strings.serialNumber {
                try run.expect(
                    serial == ReferenceDevice.serialNumber, "Its serial number is \(serial).")
            }
        },
    ]

    static let opening: [ConformanceCase] = [
        ConformanceCase(
            "open-at-arrival", "An arrived device can be opened and used at once (L14)."
        ) { run in
            let device = try await run.device()
            let counts = try await run.ask(device, .received, 2)
            try run.expect(counts == [0, 0], "It answered \(counts).")
        },
        ConformanceCase("open-busy", "One open at a time; a second one is busy.") { run in
            let attached = try await run.plug()
            _ = try await run.open(attached)
            try await run.expect(.busy, of: "A second open") { _ = try await run.open(attached) }
        },
        ConformanceCase("reopen", "A closed device can be opened again.") { run in
            let attached = try await run.plug()
            for _ in 0..<3 {
                let device = try await run.open(attached)
                try await device.claim(ReferenceDevice.mainInterface, detaching: true)
                _ = try await run.ask(device, .selections, 3)
                // The interface is released by closing (L21).
                await device.close()
            }
        },
        ConformanceCase("close-twice", "Closing again does nothing.") { run in
            let device = try await run.device()
            await device.close()
            await device.close()
        },
        ConformanceCase(
            "open-gone", "After the departure an open says that the device is gone.",
            needs: [.unplug]
        ) { run in
            let attached = try await run.plug()
            try await run.unplug()
            try await run.expect(.deviceGone, of: "An open after the departure") {
                _ = try await run.open(attached)
            }
        },
        ConformanceCase(
            "calls-gone", "After the departure every call says so, and close works.",
            needs: [.unplug]
        ) { run in
            let device = try await run.device()
            try await run.unplug()
            try await run.expect(.deviceGone, of: "claim") {
                try await device.claim(ReferenceDevice.settingsInterface, detaching: true)
            }
            try await run.expect(.deviceGone, of: "clearHalt") {
                try await device.clearHalt(ReferenceDevice.loopIn)
            }
            try await run.expect(.deviceGone, of: "setAlternateSetting") {
                try await device.setAlternateSetting(0, of: ReferenceDevice.mainInterface)
            }
            await device.release(ReferenceDevice.mainInterface)
            await device.close()
        },
        ConformanceCase(
            "claim-unknown", "There is nothing to claim where no interface is."
        ) { run in
            let device = try await run.device()
            try await run.expect(.notFound, of: "A claim of interface 9") {
                try await device.claim(9, detaching: true)
            }
        },
        ConformanceCase("claim-busy", "A claimed interface is busy for another claim.") { run in
            let device = try await run.device()
            try await run.expect(.busy, of: "A second claim") {
                try await device.claim(ReferenceDevice.mainInterface, detaching: true)
            }
        },
        ConformanceCase("claim-again", "A released interface can be claimed again.") { run in
            let device = try await run.device()
            for _ in 0..<3 {
                await device.release(ReferenceDevice.mainInterface)
                try await device.claim(ReferenceDevice.mainInterface, detaching: true)
            }
            let probe = try run.probe(device, ReferenceDevice.loopOut, capacity: 8)
            try probe.send([1])
            _ = try await probe.success()
        },
        ConformanceCase(
            "endpoint-unclaimed", "Endpoints belong to whoever claimed their interface."
        ) { run in
            let device = try await run.device(claiming: [])
            try await run.expect(.notFound, of: "A transfer of an unclaimed interface") {
                _ = try run.probe(device, ReferenceDevice.loopIn, capacity: 8)
            }
        },
    ]
}
