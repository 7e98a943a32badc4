internal import DriverRuntime
internal import USBBus
internal import USBTypes

extension ConformanceSuite {
    static let suspending: [ConformanceCase] = [
        ConformanceCase(
            "suspend-and-back",
            "A device that was let sleep and is called back works as before (U-17).",
            needs: [.suspend]
        ) { run in
            let device = try await run.device()
            let port = try run.suspendable(device)
            try await port.forbidSuspend()
            for _ in 0..<3 {
                try await port.prepareToSuspend(wakes: false)
                try await run.exchange(device)
                try await port.allowSuspend {}
                await run.settle()
                try await port.forbidSuspend()
                try await run.exchange(device)
            }
        },
        ConformanceCase(
            "suspend-busy", "A device with a transfer in flight is not let sleep.",
            needs: [.suspend]
        ) { run in
            let device = try await run.device()
            let port = try run.suspendable(device)
            try await port.prepareToSuspend(wakes: false)
            let input = try run.probe(device, ReferenceDevice.silentIn, capacity: 8)
            try input.submit(8)
            try await run.expect(.busy, of: "A suspend with a transfer in flight") {
                try await port.allowSuspend {}
            }
            input.cancel()
            _ = try await input.completion()
            try await port.allowSuspend {}
            try await port.forbidSuspend()
            try await run.exchange(device)
        },
        ConformanceCase(
            "suspend-wakes", "A device that resumes by itself says so once (USB 2.0 §7.1.7.7).",
            needs: [.suspend, .remoteWakeup]
        ) { run in
            let device = try await run.device()
            let port = try run.suspendable(device)
            let signals = Signals(run)
            for round in 1...3 {
                try await port.prepareToSuspend(wakes: true)
                try await run.tell(device, .wake)
                try await port.allowSuspend { signals.add() }
                try await run.wait(for: "wake-up \(round)") { signals.count >= round }
                await run.settle()
                try await port.forbidSuspend()
                try run.expect(signals.count == round, "\(signals.count) signals of \(round).")
                try await run.exchange(device)
            }
        },
        ConformanceCase(
            "suspend-recalled", "Who is called back does not say that it resumed by itself.",
            needs: [.suspend]
        ) { run in
            let device = try await run.device()
            let port = try run.suspendable(device)
            let signals = Signals(run)
            for _ in 0..<3 {
                try await port.prepareToSuspend(wakes: true)
                try await port.allowSuspend { signals.add() }
                await run.settle()
                try await port.forbidSuspend()
                await run.settle()
                try run.expect(signals.count == 0, "It said that it resumed.")
                try await run.exchange(device)
            }
        },
        ConformanceCase(
            "suspend-unplug", "A device that is pulled in its sleep departs, and does not wake.",
            needs: [.suspend, .unplug]
        ) { run in
            let device = try await run.device()
            let port = try run.suspendable(device)
            let signals = Signals(run)
            try await port.prepareToSuspend(wakes: true)
            try await port.allowSuspend { signals.add() }
            await run.settle()
            try await run.unplug()
            try await run.expect(.deviceGone, of: "The recall of a device that is gone") {
                try await port.forbidSuspend()
            }
            await device.close()
            await run.settle()
            try run.expect(signals.count == 0, "It said that it resumed.")
        },
    ]
}

/// How often a device said that it resumed.
private final class Signals: Sendable {
    private let counter: LoopConfined<Int>
    private let touch: @Sendable () -> Void

    init(_ run: ConformanceRun) {
        counter = LoopConfined(on: run.loop, 0)
        let run = LoopConfined(on: run.loop, run)
        touch = { _ = run.value.touch() }
    }

    var count: Int { counter.value }

    func add() {
        counter.value += 1
        touch()
    }
}

extension ConformanceRun {
    fileprivate func suspendable(_ device: any BusDevice) throws -> any SuspendableDevice {
        guard let port = device as? any SuspendableDevice else {
            throw ConformanceFailure("The bus says that it suspends, and its device does not.")
        }
        return port
    }

    /// One message through the device and back.
    fileprivate func exchange(_ device: any BusDevice) async throws {
        let output = try probe(device, ReferenceDevice.loopOut, capacity: 64)
        let input = try probe(device, ReferenceDevice.loopIn, capacity: 512)
        try input.submit(512)
        try output.send(pattern(20))
        _ = try await output.success()
        let echo = try await input.success()
        try expect(echo.bytes == pattern(20), "The loop gave \(echo.bytes).")
    }
}
